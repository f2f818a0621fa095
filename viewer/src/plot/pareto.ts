// The Pareto front: models that no other beats in one metric without losing in the other.

import type { MetricRecord } from "../bundle/types.gen.ts";
import { rectangleOf, type Point, type Rectangle } from "../map/geometry.ts";

export type Direction = MetricRecord["direction"];

export interface Candidate {
  readonly id: string;
  /** Values of the two metrics; null or not finite: the model does not take part. */
  readonly x: number | null;
  readonly y: number | null;
}

/**
 * Ids of the models that no other dominates, from the best of x to the best of y. Models of equal values do not dominate each
 * other, so ties are all on the front. A metric without a direction makes nothing better, and there is no front.
 */
export function paretoFront(candidates: readonly Candidate[], x: Direction, y: Direction): readonly string[] {
  if (x === null || y === null) return [];
  // Costs: less is better on both axes.
  const costs = candidates.flatMap((candidate) => {
    if (!usable(candidate.x) || !usable(candidate.y)) return [];
    return [{ id: candidate.id, x: x === "lower" ? candidate.x : -candidate.x, y: y === "lower" ? candidate.y : -candidate.y }];
  });
  costs.sort((a, b) => a.x - b.x || a.y - b.y);
  const front: string[] = [];
  let last: { x: number; y: number } | null = null;
  for (const cost of costs) {
    if (last && cost.y >= last.y && !(cost.x === last.x && cost.y === last.y)) continue;
    front.push(cost.id);
    last = cost;
  }
  return front;
}

/**
 * The border of what the front dominates, as an SVG path.
 * @param points places of the front, from the best of x to the best of y
 * @param worst where the plot ends, at the worst of x and the worst of y
 */
export function stepLine(points: readonly Point[], worst: Point): string {
  const first = points[0];
  if (!first) return "";
  const steps = points.map(({ x, y }) => `H${x} V${y}`).join(" ");
  return `M${first.x},${worst.y} ${steps} H${worst.x}`;
}

/** The same border as boxes, for what must stay off it. */
export function stepBoxes(points: readonly Point[], worst: Point): readonly Rectangle[] {
  const first = points[0];
  if (!first) return [];
  const corners = [{ x: first.x, y: worst.y }, first];
  for (const point of points.slice(1)) corners.push({ x: point.x, y: corners.at(-1)?.y ?? point.y }, point);
  corners.push({ x: worst.x, y: corners.at(-1)?.y ?? worst.y });
  return corners.slice(1).map((corner, index) => {
    const { left, top, right, bottom } = rectangleOf(corners[index] ?? corner, corner);
    return { left: left - 1, top: top - 1, right: right + 1, bottom: bottom + 1 };
  });
}

function usable(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
