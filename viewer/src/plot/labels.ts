// Names and counts beside points, where there is room: never over one another or the plot's edge.

import { EM } from "../ui/em.ts";
import type { Point, Rectangle } from "../map/geometry.ts";

export interface Mark extends Point {
  readonly id: string;
  readonly radius: number;
}

export interface Label {
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
}

export interface Wanted {
  readonly mark: Mark;
  readonly text: string;
  /** Pixels. */
  readonly width: number;
}

/** What labels must not cover. */
export interface Obstacles {
  readonly marks: readonly Mark[];
  readonly boxes: readonly Rectangle[];
}

interface Place {
  readonly label: Label;
  readonly box: Rectangle;
}

const ASCENT = 10 * EM;
const HEIGHT = 13 * EM;
const GAP = 3;

/** Finds places for names, the most wanted first; a name without room gets none. */
export function placeNames(wanted: readonly Wanted[], obstacles: Obstacles, bounds: Rectangle): ReadonlyMap<string, Place> {
  return placeAll(wanted, aroundMark, obstacles, bounds);
}

/** Finds places at the corners of marks for how many models they stand for; other marks may lie below. */
export function placeCounts(wanted: readonly Wanted[], bounds: Rectangle): ReadonlyMap<string, Place> {
  return placeAll(wanted, atCorners, { marks: [], boxes: [] }, bounds);
}

function placeAll(
  wanted: readonly Wanted[],
  places: (mark: Mark, width: number) => readonly Place[],
  { marks, boxes }: Obstacles,
  bounds: Rectangle,
): ReadonlyMap<string, Place> {
  const placed = new Map<string, Place>();
  const taken = [...boxes];
  for (const { mark, width } of wanted) {
    const found = places(mark, width).find(
      ({ box }) =>
        box.left >= bounds.left &&
        box.right <= bounds.right &&
        box.top >= bounds.top &&
        box.bottom <= bounds.bottom &&
        !taken.some((other) => overlap(box, other)) &&
        !marks.some((other) => other.id !== mark.id && overlap(box, boxOf(other))),
    );
    if (!found) continue;
    placed.set(mark.id, found);
    taken.push(found.box);
  }
  return placed;
}

/** Right, left, above, below, then the corners. */
function aroundMark({ x, y, radius }: Mark, width: number): readonly Place[] {
  const aside = radius + GAP;
  const corner = radius * 0.7 + GAP;
  return [
    startAt(x + aside, y - HEIGHT / 2, width),
    endAt(x - aside, y - HEIGHT / 2, width),
    middleAt(x, y - aside - HEIGHT, width),
    middleAt(x, y + aside, width),
    startAt(x + corner, y + corner, width),
    startAt(x + corner, y - corner - HEIGHT, width),
    endAt(x - corner, y + corner, width),
    endAt(x - corner, y - corner - HEIGHT, width),
  ];
}

function atCorners({ x, y, radius }: Mark, width: number): readonly Place[] {
  const corner = radius * 0.7;
  return [
    startAt(x + corner, y - corner - HEIGHT + GAP, width),
    startAt(x + corner, y + corner - GAP, width),
    endAt(x - corner, y - corner - HEIGHT + GAP, width),
    endAt(x - corner, y + corner - GAP, width),
    startAt(x + radius + 1, y - HEIGHT / 2, width),
    endAt(x - radius - 1, y - HEIGHT / 2, width),
  ];
}

function startAt(x: number, top: number, width: number): Place {
  return { label: { x, y: top + ASCENT, anchor: "start" }, box: { left: x, top, right: x + width, bottom: top + HEIGHT } };
}

function endAt(x: number, top: number, width: number): Place {
  return { label: { x, y: top + ASCENT, anchor: "end" }, box: { left: x - width, top, right: x, bottom: top + HEIGHT } };
}

function middleAt(x: number, top: number, width: number): Place {
  const left = x - width / 2;
  return { label: { x, y: top + ASCENT, anchor: "middle" }, box: { left, top, right: left + width, bottom: top + HEIGHT } };
}

function boxOf({ x, y, radius }: Mark): Rectangle {
  return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
