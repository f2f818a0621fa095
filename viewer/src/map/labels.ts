// Names beside models, where there is room: never over one another or over another model.

import type { Point } from "./geometry.ts";
import { EM } from "../ui/em.ts";
import { fitText, type MeasureText } from "./text.ts";

export interface Named extends Point {
  readonly id: string;
  readonly radius: number;
  readonly text: string;
  /** How far the name may reach, in pixels from the model's middle. */
  readonly reach: number;
}

export interface NameLabel {
  readonly text: string;
  /** Where it begins, and its baseline. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A name that is cut shorter than this says nothing. */
const LEAST = 42 * EM;
/** Between a mark and its name, and between a name and what comes next. */
export const GAP = 6;
/** Names are cut to steps of so many pixels: while zooming, most stay as they were. */
const STEP = 6;

/** The baseline of a line of text below its middle, as a share of its height. */
const BASELINE = 0.32;

/**
 * @param names the most wanted first
 * @param marks every mark, named or not
 * @param height of a line, in pixels
 * @param around where names without room beside their model may stand above or below it; null: nowhere, as in a crowd
 */
export function placeLabels(
  names: readonly Named[],
  marks: readonly (Point & { readonly radius: number })[],
  height: number,
  measure: MeasureText,
  around: Span | null = null,
): ReadonlyMap<string, NameLabel> {
  const taken = new Shelves(height);
  for (const { x, y, radius } of marks) taken.add(y, x - radius, x + radius);
  const placed = new Map<string, NameLabel>();
  for (const { id, x, y, radius, text, reach } of names) {
    const begin = x + radius + GAP;
    const room = Math.min(x + reach, taken.next(y, x)) - GAP - begin;
    const whole = measure(text);
    // A whole name above its model says more than one that is cut beside it.
    if (room < (around ? whole : Math.min(LEAST, whole))) continue;
    const cut = whole <= room ? text : fitText(text, Math.floor(room / STEP) * STEP, measure);
    const width = measure(cut);
    if (width > room || taken.meets(y, begin, begin + width)) continue;
    taken.add(y, begin, begin + width);
    placed.set(id, { text: cut, x: begin, y: y + height * BASELINE, width });
  }
  if (around) placeAround(names.filter(({ id }) => !placed.has(id)), marks, placed, height, measure, around);
  return placed;
}

/** From here to there, in pixels down the drawing. */
export interface Span {
  readonly top: number;
  readonly bottom: number;
}

interface Box extends Span {
  readonly left: number;
  readonly right: number;
}

/** Names around their models, of which there are few: whole above or below, else cut. Each is held against every mark and every name. */
function placeAround(
  names: readonly Named[],
  marks: readonly (Point & { readonly radius: number })[],
  placed: Map<string, NameLabel>,
  height: number,
  measure: MeasureText,
  { top, bottom }: Span,
): void {
  const boxOf = (left: number, middle: number, width: number): Box => ({ left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 });
  const taken: Box[] = [
    ...marks.map(({ x, y, radius }) => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius })),
    ...[...placed.values()].map((label) => boxOf(label.x, label.y - height * BASELINE, label.width)),
  ];
  for (const { id, x, y, radius, text, reach } of names) {
    const whole = measure(text);
    const off = radius + height / 2;
    const places = [
      { left: x - radius, middle: y - off },
      { left: x - radius, middle: y + off },
      { left: x + radius + GAP, middle: y },
    ]
      .map((place) => ({ ...place, room: roomAt(place.left, boxOf(place.left, place.middle, 0), x + reach) }))
      .filter(({ middle }) => middle - height / 2 >= top && middle + height / 2 <= bottom);
    const place = places.find(({ room }) => room >= whole) ?? places.sort((a, b) => b.room - a.room)[0];
    if (!place || place.room < Math.min(LEAST, whole)) continue;
    const cut = whole <= place.room ? text : fitText(text, place.room, measure);
    const width = measure(cut);
    if (width > place.room) continue;
    taken.push(boxOf(place.left, place.middle, width));
    placed.set(id, { text: cut, x: place.left, y: place.middle + height * BASELINE, width });
  }

  /** How wide a line may be that begins at a place. */
  function roomAt(left: number, line: Span, end: number): number {
    const beside = taken.filter((box) => box.right > left && box.top < line.bottom - 0.01 && box.bottom > line.top + 0.01);
    return Math.min(end, ...beside.map((box) => box.left - GAP)) - left;
  }
}

/** Spans of lines of one height at any place, on shelves: what could meet lies on the same shelf or on one beside it. */
class Shelves {
  readonly #height: number;
  readonly #shelves = new Map<number, { readonly y: number; readonly left: number; readonly right: number }[]>();

  constructor(height: number) {
    this.#height = height;
  }

  add(y: number, left: number, right: number): void {
    const shelf = this.#shelves.get(this.#shelf(y));
    if (shelf) shelf.push({ y, left, right });
    else this.#shelves.set(this.#shelf(y), [{ y, left, right }]);
  }

  meets(y: number, left: number, right: number): boolean {
    return this.#nearest(y, left, right) < right;
  }

  /** Where the next span right of a place begins. */
  next(y: number, x: number): number {
    return this.#nearest(y, x, Infinity, true);
  }

  /** The least beginning of the spans beside a line that end after `left` and begin before `right`, or only of those that begin after it. */
  #nearest(y: number, left: number, right: number, after = false): number {
    const shelf = this.#shelf(y);
    const reach = this.#height - 0.01;
    let nearest = Infinity;
    for (let at = shelf - 1; at <= shelf + 1; at += 1) {
      const spans = this.#shelves.get(at);
      if (!spans) continue;
      // Plain loops: this runs for every model in every frame of a zoom.
      for (let index = 0; index < spans.length; index += 1) {
        const span = spans[index]!;
        if (span.left >= nearest || span.left >= right || (after ? span.left <= left : span.right <= left)) continue;
        if (Math.abs(span.y - y) < reach) nearest = span.left;
      }
    }
    return nearest;
  }

  #shelf(y: number): number {
    return Math.floor(y / this.#height);
  }
}
