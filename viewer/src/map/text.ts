// How wide labels are, and cutting them to the room there is.

import { EM } from "../ui/em.ts";

export type MeasureText = (text: string) => number;

/** Size in pixels of the font in which labels are measured, and drawn where there is room. */
export const MEASURED = 11 * EM;

/** Widths in pixels of the map's labels, in the font the page really uses. */
export function textMeasure(): MeasureText {
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map<string, number>();
  if (context) context.font = `${MEASURED}px ${getComputedStyle(document.documentElement).fontFamily}`;
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const width = context ? context.measureText(text).width : text.length * 6.5;
    known.set(text, width);
    return width;
  };
}

/** The text, or as much of its beginning and its end as fits: variants of a model differ at the end. */
export function fitText(text: string, width: number, measure: MeasureText): string {
  if (measure(text) <= width) return text;
  const signs = [...text];
  let low = 2;
  let high = signs.length - 1;
  const cut = (kept: number): string =>
    `${signs.slice(0, Math.ceil(kept * 0.6)).join("")}…${signs.slice(signs.length - Math.floor(kept * 0.4)).join("")}`;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(cut(middle)) <= width) low = middle;
    else high = middle - 1;
  }
  return cut(low);
}
