// Headings of columns: on two lines where that helps, cut where it does not, and left out where columns stand too close.

import { EM } from "../ui/em.ts";
import { fitText, type MeasureText } from "./text.ts";

export interface Heading {
  readonly label: string;
  readonly x: number;
  /** None where there is no room. */
  readonly lines: readonly string[];
}

/** Headings are bolder and larger than the labels whose widths are measured. */
const BOLD = 1.14;
/** Between a heading and the next. */
const GAP = 8;
/** Headings begin a little left of their column's models. */
const BEFORE = 6;
/** A heading that is cut shorter than this says nothing. */
const LEAST = 44 * EM;

/** The width a heading needs on as many lines as it may have. */
export function headingWidth(label: string, measure: MeasureText): number {
  return Math.max(...broken(label, measure).map(measure)) * BOLD + GAP - BEFORE;
}

/**
 * @param columns from left to right; those of greater weight are headed first
 * @param end where headings must end
 */
export function placeHeadings(
  columns: readonly { readonly label: string; readonly x: number; readonly weight: number }[],
  end: number,
  measure: MeasureText,
): readonly Heading[] {
  const headed = new Set<number>();
  /** The room of a heading, if those headed so far and itself are. */
  const room = (index: number, others: ReadonlySet<number>): number => {
    const next = columns.findIndex(({ label }, at) => at > index && others.has(at) && label !== "");
    return (next < 0 ? end : columns[next]!.x) - columns[index]!.x - (next < 0 ? 0 : GAP);
  };
  const least = (index: number): number => Math.min(LEAST, measure(columns[index]!.label) * BOLD);
  for (const index of [...columns.keys()].sort((a, b) => columns[b]!.weight - columns[a]!.weight)) {
    if (columns[index]!.label === "") continue;
    const before = [...headed].filter((other) => other < index).reduce((a, b) => Math.max(a, b), -1);
    const tried = new Set([...headed, index]);
    if (room(index, headed) < least(index) || (before >= 0 && room(before, tried) < least(before))) continue;
    headed.add(index);
  }
  return columns.map(({ label, x }, index) => ({
    label,
    x,
    lines: headed.has(index) ? lines(label, room(index, headed) / BOLD, measure) : [],
  }));
}

function lines(label: string, room: number, measure: MeasureText): readonly string[] {
  if (measure(label) <= room) return [label];
  return broken(label, measure).map((line) => fitText(line, room, measure));
}

/** On two lines, as even as its words allow. */
function broken(label: string, measure: MeasureText): readonly string[] {
  const words = label.split(" ");
  let best: readonly string[] = [label];
  for (let count = 1; count < words.length; count += 1) {
    const pair = [words.slice(0, count).join(" "), words.slice(count).join(" ")];
    if (Math.max(...pair.map(measure)) < Math.max(...best.map(measure))) best = pair;
  }
  return best;
}
