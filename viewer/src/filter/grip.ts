// What a press on a histogram takes hold of: an end of the chosen range, the whole of it, or nothing yet, which draws a new one.

export type Range = readonly [number, number];

/** Of a metric, both included; null is no bound. */
export interface Bounds {
  readonly low: number | null;
  readonly high: number | null;
}

/** In pixels along the histogram. */
const NEAR = 5;

export type Grip = "from" | "to" | "both" | "new";

/** @param range the chosen range; null when all of the histogram is */
export function gripAt(at: number, range: Range | null): Grip {
  if (!range) return "new";
  const [from, to] = range;
  if (Math.min(Math.abs(at - from), Math.abs(at - to)) <= NEAR) return Math.abs(at - from) < Math.abs(at - to) || at < from ? "from" : "to";
  return at > from && at < to ? "both" : "new";
}

/** The range after the pointer went from one place to another, within 0 and `width`. */
export function dragged(grip: Grip, range: Range, start: number, at: number, width: number): Range {
  const [from, to] = range;
  const by = Math.max(-from, Math.min(width - to, at - start));
  const ends = { new: [start, at], from: [at, to], to: [from, at], both: [from + by, to + by] }[grip];
  const [a = 0, b = 0] = ends.map((end) => Math.max(0, Math.min(width, end)));
  return a < b ? [a, b] : [b, a];
}

/**
 * The bounds after a drag from one range to another: an end that was not moved keeps its bound to the last digit, also where the other one
 * crossed it.
 * @param bounds those before the drag
 * @param brushed those that the places of a range stand for
 */
export function boundsAfter(grip: Grip, bounds: Bounds, before: Range, after: Range, brushed: (range: Range) => Bounds): Bounds {
  const { low, high } = brushed(after);
  if (grip === "from") return after[1] === before[1] ? { low, high: bounds.high } : { low: bounds.high, high };
  if (grip === "to") return after[0] === before[0] ? { low: bounds.low, high } : { low, high: bounds.low };
  return { low, high };
}
