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

/**
 * @param names the most wanted first
 * @param marks every mark, named or not
 * @param height of a line, in pixels
 */
export function placeLabels(
  names: readonly Named[],
  marks: readonly (Point & { readonly radius: number })[],
  height: number,
  measure: MeasureText,
): ReadonlyMap<string, NameLabel> {
  const taken = new Shelves(height);
  for (const { x, y, radius } of marks) taken.add(y, x - radius, x + radius);
  const placed = new Map<string, NameLabel>();
  for (const { id, x, y, radius, text, reach } of names) {
    const begin = x + radius + GAP;
    const room = Math.min(x + reach, taken.next(y, x)) - GAP - begin;
    const whole = measure(text);
    if (room < Math.min(LEAST, whole)) continue;
    const cut = whole <= room ? text : fitText(text, Math.floor(room / STEP) * STEP, measure);
    const width = measure(cut);
    if (width > room || taken.meets(y, begin, begin + width)) continue;
    taken.add(y, begin, begin + width);
    placed.set(id, { text: cut, x: begin, y: y + height * 0.32, width });
  }
  return placed;
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
