// From a layout's columns and rows to pixels: the whole map in its panel, which a camera then looks at.

import type { Layout } from "./places.ts";
import type { Point } from "./geometry.ts";
import { EM } from "../ui/em.ts";
import type { Lanes } from "./lanes.ts";

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Where models stand when the whole map is in view. */
  readonly points: ReadonlyMap<string, Point>;
  readonly columnX: readonly number[];
  /** From one column to the next, or to the map's end. */
  readonly columnWidths: readonly number[];
  readonly rowHeight: number;
  /** How far zooming in may go, across and down: until names are whole and rows wide apart. */
  readonly most: { readonly x: number; readonly y: number };
  /** The horizontal place of a column, whole or not. */
  xAt(column: number): number;
}

/** Headings stand above what the camera shows. */
export const HEADINGS = Math.round(36 * EM);
const MARGIN = { top: 2, bottom: 4, left: 28, right: 8 };
const MOST_ROW = 44;
/** Rows this far apart show everything there is to show. */
const COMFORTABLE_ROW = 30 * EM;
const LEAST_LABEL = 44 * EM;
/** A column is its nodes, its labels, and room for links to turn. */
const BESIDE_LABEL = 34;
/** However small the map, some zoom is there for those who want things large. */
const LEAST_ZOOM = 3;

/** How far rows are apart when the whole map is in view. */
export function rowHeightOf(layout: Layout, height: number): number {
  return Math.min(MOST_ROW, inner(height) / Math.max(1, layout.rows));
}

function inner(height: number): number {
  return Math.max(1, height - MARGIN.top - MARGIN.bottom);
}

/** @param wanted width in pixels of the widest label of each column */
export function frameOf(layout: Layout, wanted: readonly number[], lanes: Lanes, width: number, height: number): Frame {
  const rowHeight = rowHeightOf(layout, height);
  const top = MARGIN.top + Math.max(0, inner(height) - rowHeight * Math.max(1, layout.rows)) / 2 + rowHeight / 2;
  const across = Math.max(1, width - MARGIN.left - MARGIN.right);
  const columnWidths = layout.time ? even(layout.span, across) : labelled(wanted, lanes.counts, across);
  const starts = columnWidths.reduce<number[]>((places, each) => [...places, places.at(-1)! + each], [MARGIN.left]);
  const xAt = (column: number): number => {
    const before = Math.max(0, Math.min(starts.length - 1, Math.floor(column)));
    return starts[before]! + (column - before) * (columnWidths[before] ?? 0);
  };
  const points = new Map<string, Point>();
  for (const { id, column, row } of layout.places.values()) {
    const lane = lanes.laneOf.get(id) ?? 0;
    const aside = lane > 0 ? (lane * columnWidths[column]!) / lanes.counts[column]! : 0;
    points.set(id, { x: xAt(column) + aside, y: top + row * rowHeight });
  }
  const whole = widthOf(wanted, lanes.counts);
  return {
    width,
    height,
    points,
    columnX: starts.slice(0, -1),
    columnWidths,
    rowHeight,
    most: {
      x: Math.max(LEAST_ZOOM, layout.time ? COMFORTABLE_ROW : whole / across),
      y: Math.max(LEAST_ZOOM, COMFORTABLE_ROW / rowHeight),
    },
    xAt,
  };
}

/** Whether labels of these widths fit side by side, in as many lanes as each column has. */
export function fits(wanted: readonly number[], counts: readonly number[], width: number): boolean {
  return MARGIN.left + widthOf(wanted, counts) + MARGIN.right <= width;
}

/** Whether they fit at least when they are cut. */
export function fitsCut(wanted: readonly number[], counts: readonly number[], width: number): boolean {
  return fits(wanted.map((label) => Math.min(label, LEAST_LABEL)), counts, width);
}

function widthOf(wanted: readonly number[], counts: readonly number[]): number {
  return wanted.reduce((sum, label, column) => sum + (label + BESIDE_LABEL) * counts[column]!, 0);
}

function even(count: number, room: number): number[] {
  return new Array<number>(count).fill(room / Math.max(1, count));
}

/** Each column what it wants and an even part of what is left; where room is short less, and where it is very short an even part. */
function labelled(wanted: readonly number[], counts: readonly number[], room: number): number[] {
  const all = wanted.flatMap((label, column) => new Array<number>(counts[column]!).fill(label));
  const widths = laneWidths(all, room);
  const ends = counts.reduce<number[]>((sums, count) => [...sums, (sums.at(-1) ?? 0) + count], []);
  return counts.map((count, column) => widths.slice(ends[column]! - count, ends[column]).reduce((sum, width) => sum + width, 0));
}

function laneWidths(wanted: readonly number[], room: number): number[] {
  const labels = room - BESIDE_LABEL * wanted.length;
  const total = wanted.reduce((sum, width) => sum + width, 0);
  if (total <= labels) return wanted.map((width) => width + BESIDE_LABEL + (labels - total) / wanted.length);
  const least = wanted.reduce((sum, width) => sum + Math.min(width, LEAST_LABEL), 0);
  if (least > labels) return even(wanted.length, room);
  // Those that want less than an even part keep what they want; the others share the rest.
  let left = labels;
  let sharing = wanted.length;
  const granted = new Array<number>(wanted.length).fill(0);
  for (const index of [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!)) {
    const width = Math.max(Math.min(wanted[index]!, left / sharing), Math.min(wanted[index]!, LEAST_LABEL));
    granted[index] = width + BESIDE_LABEL;
    left -= width;
    sharing -= 1;
  }
  return granted;
}
