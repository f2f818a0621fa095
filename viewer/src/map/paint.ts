// Paints the map's links, models and names on a canvas: for studies with more models than the page's own elements carry smoothly.

import { drawRibbon, type Course, type Point } from "./geometry.ts";
import type { NameLabel } from "./labels.ts";

export interface Ribbon {
  readonly course: Course;
  /** CSS colours at both ends. */
  readonly from: string;
  readonly to: string;
  readonly opacity: number;
}

export interface Mark extends Point {
  readonly radius: number;
  /** CSS colour, or null for a model that has none. */
  readonly colour: string | null;
  /** Whether its size means something. */
  readonly sized: boolean;
  readonly faint: boolean;
  readonly failed: boolean;
  /** CSS colour of its ring, and whether that is dashed; null without a ring. */
  readonly ring: { readonly colour: string; readonly dashed: boolean } | null;
}

export interface Picture {
  /** Horizontal places of the lines along the columns, and from where down to where they go. */
  readonly lines: readonly number[];
  readonly reach: readonly [number, number];
  readonly ribbons: readonly Ribbon[];
  readonly marks: readonly Mark[];
  readonly labels: readonly (NameLabel & { readonly colour: string; readonly faint: boolean })[];
}

/** Colours of the page, and the font of names. */
export interface Ink {
  readonly panel: string;
  readonly line: string;
  readonly outline: string;
  readonly failed: string;
  readonly font: string;
}

export const FAINT = 0.25;
/** Marks of a smaller radius are painted as squares: nobody sees their corners. */
const DOT = 2;
/** Marks of this radius and larger have an outline. */
const OUTLINED = 2.5;

export function paint(canvas: CanvasRenderingContext2D, { lines, reach, ribbons, marks, labels }: Picture, ink: Ink): void {
  canvas.beginPath();
  for (const x of lines) {
    canvas.moveTo(x, reach[0]);
    canvas.lineTo(x, reach[1]);
  }
  canvas.setLineDash([2, 4]);
  canvas.lineWidth = 1;
  canvas.strokeStyle = ink.line;
  canvas.stroke();
  canvas.setLineDash([]);
  for (const { course, from, to, opacity } of ribbons) {
    canvas.globalAlpha = opacity;
    canvas.fillStyle = alike(from, to) ? to : blend(canvas, course, from, to);
    if (course.from.y === course.to.y && course.fromHalf === course.toHalf) {
      canvas.fillRect(course.from.x, course.from.y - course.fromHalf, course.to.x - course.from.x, 2 * course.fromHalf);
      continue;
    }
    canvas.beginPath();
    drawRibbon(canvas, course);
    canvas.fill();
  }
  for (const mark of marks) paintMark(canvas, mark, ink);
  canvas.font = ink.font;
  canvas.lineJoin = "round";
  canvas.lineWidth = 4;
  canvas.strokeStyle = ink.panel;
  for (const { text, x, y, colour, faint } of labels) {
    canvas.globalAlpha = faint ? FAINT : 1;
    canvas.strokeText(text, x, y);
    canvas.fillStyle = colour;
    canvas.fillText(text, x, y);
  }
  canvas.globalAlpha = 1;
}

/** Pairs of colours that were compared. */
const compared = new Map<string, boolean>();
/** Of 255, in red, green or blue: a difference that nobody sees along a thin ribbon. */
const UNSEEN = 24;

/** Whether a ribbon between two colours may as well have one: a gradient costs several times as much. */
function alike(first: string, last: string): boolean {
  if (first === last) return true;
  const pair = `${first} ${last}`;
  const before = compared.get(pair);
  if (before !== undefined) return before;
  const [a, b] = [first, last].map((colour) => /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour)?.slice(1).map(Number));
  const same = a !== undefined && b !== undefined && a.every((part, index) => Math.abs(part - b[index]!) <= UNSEEN);
  compared.set(pair, same);
  return same;
}

function blend(canvas: CanvasRenderingContext2D, { from, to }: Course, first: string, last: string): CanvasGradient {
  const gradient = canvas.createLinearGradient(from.x, 0, to.x, 0);
  gradient.addColorStop(0, first);
  gradient.addColorStop(1, last);
  return gradient;
}

function paintMark(canvas: CanvasRenderingContext2D, { x, y, radius, colour, sized, faint, failed, ring }: Mark, ink: Ink): void {
  canvas.globalAlpha = faint ? FAINT : 1;
  if (ring) {
    canvas.beginPath();
    canvas.arc(x, y, radius + 3, 0, 2 * Math.PI);
    canvas.lineWidth = 2.5;
    canvas.strokeStyle = ring.colour;
    canvas.setLineDash(ring.dashed ? [4, 2.5] : []);
    canvas.stroke();
    canvas.setLineDash([]);
  }
  if (sized && radius < DOT && colour !== null && !failed) {
    // As large as the circle would be, and a third of its cost.
    const side = radius * Math.sqrt(Math.PI);
    canvas.fillStyle = colour;
    canvas.fillRect(x - side / 2, y - side / 2, side, side);
    return;
  }
  canvas.beginPath();
  if (sized) canvas.arc(x, y, radius, 0, 2 * Math.PI);
  else diamond(canvas, x, y, radius);
  canvas.fillStyle = colour ?? ink.panel;
  canvas.fill();
  // The outline of a dot would hide its colour.
  if (radius < OUTLINED && colour !== null && !failed) return;
  canvas.lineWidth = 1;
  canvas.strokeStyle = ink.outline;
  if (colour === null) canvas.setLineDash([2.5, 2]);
  canvas.stroke();
  canvas.setLineDash([]);
  if (!failed) return;
  canvas.beginPath();
  for (const side of [-1, 1]) {
    canvas.moveTo(x - 4, y - 4 * side);
    canvas.lineTo(x + 4, y + 4 * side);
  }
  canvas.lineWidth = 2;
  canvas.strokeStyle = ink.failed;
  canvas.stroke();
}

function diamond(canvas: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  canvas.moveTo(x, y - radius);
  canvas.lineTo(x + radius, y);
  canvas.lineTo(x, y + radius);
  canvas.lineTo(x - radius, y);
  canvas.closePath();
}
