// From a layout's columns and rows to pixels, ribbons and what lies in a rectangle.

import type { Layout } from "./layout.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly points: ReadonlyMap<string, Point>;
  readonly columnX: readonly number[];
  /** Room for labels of a column, right of its nodes. */
  readonly labelWidths: readonly number[];
  readonly rowHeight: number;
  /** The largest radius that keeps nodes of neighbouring rows apart. */
  readonly mostRadius: number;
}

const MARGIN = { top: 44, bottom: 14, left: 24, right: 8 };
const LEAST_ROW = 15;
const MOST_ROW = 44;
const LEAST_LABEL = 72;
/** A column is its nodes, its labels, and room for ribbons to turn. */
const BESIDE_LABEL = 38;

/**
 * Fits a layout into a size, or makes it larger than that where rows or columns would get too tight.
 * @param wanted width in pixels of the widest label of each column
 */
export function frameOf(layout: Layout, wanted: readonly number[], width: number, height: number): Frame {
  const rows = Math.max(1, layout.rows);
  const room = height - MARGIN.top - MARGIN.bottom;
  const rowHeight = Math.max(LEAST_ROW, Math.min(MOST_ROW, room / rows));
  const used = rowHeight * rows;
  const top = MARGIN.top + Math.max(0, (room - used) / 2) + rowHeight / 2;
  const labelWidths = shareOut(wanted, width - MARGIN.left - MARGIN.right - BESIDE_LABEL * layout.columns.length);
  const columnX: number[] = [];
  let x = MARGIN.left;
  for (const labelWidth of labelWidths) {
    columnX.push(x);
    x += labelWidth + BESIDE_LABEL;
  }
  const points = new Map<string, Point>();
  for (const place of layout.places.values()) {
    points.set(place.id, { x: columnX[place.column] ?? 0, y: top + place.row * rowHeight });
  }
  return {
    width: Math.max(width, x + MARGIN.right),
    height: Math.max(height, top + used - rowHeight / 2 + MARGIN.bottom),
    points,
    columnX,
    labelWidths,
    rowHeight,
    mostRadius: Math.max(5, Math.min(12, rowHeight * 0.5)),
  };
}

/** Whether labels of these widths fit side by side. */
export function fits(wanted: readonly number[], width: number): boolean {
  return wanted.reduce((sum, label) => sum + label + BESIDE_LABEL, MARGIN.left + MARGIN.right) <= width;
}

/** Each column what it wants and an even part of what is left; less, but a readable least, where room is short. */
function shareOut(wanted: readonly number[], room: number): number[] {
  const total = wanted.reduce((sum, width) => sum + width, 0);
  if (total <= room) return wanted.map((width) => width + (room - total) / wanted.length);
  // Those that want less than an even part keep what they want; the others share the rest.
  let left = room;
  let sharing = wanted.length;
  const granted = new Array<number>(wanted.length).fill(0);
  for (const index of [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))) {
    const width = Math.max(Math.min(wanted[index] ?? 0, left / sharing), Math.min(wanted[index] ?? 0, LEAST_LABEL));
    granted[index] = width;
    left -= width;
    sharing -= 1;
  }
  return granted;
}

/** A ribbon from parent to child whose width goes from one half-width to the other. */
export function ribbon(from: Point, to: Point, fromHalf: number, toHalf: number): string {
  const middle = (from.x + to.x) / 2;
  const line = (a: Point, b: Point, up: number, down: number): string =>
    `${a.x},${a.y + up} C${middle},${a.y + up} ${middle},${b.y + down} ${b.x},${b.y + down}`;
  return `M${line(from, to, -fromHalf, -toHalf)} L${line(to, from, toHalf, fromHalf)} Z`;
}

export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function rectangleOf(a: Point, b: Point): Rectangle {
  return {
    left: Math.min(a.x, b.x),
    top: Math.min(a.y, b.y),
    right: Math.max(a.x, b.x),
    bottom: Math.max(a.y, b.y),
  };
}

/** Ids of the points within a rectangle, borders included, in map order. */
export function within(points: ReadonlyMap<string, Point>, { left, top, right, bottom }: Rectangle): string[] {
  return [...points]
    .filter(([, { x, y }]) => x >= left && x <= right && y >= top && y <= bottom)
    .map(([id]) => id);
}

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

/** The nearest point in a direction; steps along the axis count less than steps off it. */
export function neighbour(points: ReadonlyMap<string, Point>, from: string, arrow: Arrow): string | null {
  const origin = points.get(from);
  if (!origin) return null;
  const horizontal = arrow === "ArrowLeft" || arrow === "ArrowRight";
  const sign = arrow === "ArrowRight" || arrow === "ArrowDown" ? 1 : -1;
  let best: { id: string; distance: number } | null = null;
  for (const [id, point] of points) {
    const along = sign * (horizontal ? point.x - origin.x : point.y - origin.y);
    const aside = Math.abs(horizontal ? point.y - origin.y : point.x - origin.x);
    if (along <= 0.5) continue;
    const distance = along + aside * 3;
    if (!best || distance < best.distance) best = { id, distance };
  }
  return best?.id ?? null;
}
