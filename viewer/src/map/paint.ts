// Paints the map's links, models and names on a canvas: for studies with more models than the page's own elements carry smoothly.
// What there is to paint comes as arrays of numbers, which cross to a worker at next to no cost.

import { drawRibbon, type Course } from "./geometry.ts";

/** A canvas of the page or of a worker. */
export type Canvas = Omit<OffscreenCanvasRenderingContext2D, "canvas">;

/** Colours that stay while the map moves: CSS colours by number, and those of the page. */
export interface Ink {
  readonly colours: readonly string[];
  readonly panel: string;
  readonly line: string;
  readonly outline: string;
  readonly failed: string;
}

export interface Picture {
  /** In pixels of the page, and how many of the screen each of them is wide. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  /** Horizontal places of the lines along the columns, and from where down to where they go. */
  readonly lines: readonly number[];
  readonly reach: readonly [number, number];
  readonly ribbons: {
    /** COURSE numbers for each ribbon. */
    readonly courses: Float32Array;
    /** The numbers of the colours at both ends of each. */
    readonly colours: Uint16Array;
    readonly opacities: Float32Array;
  };
  readonly marks: {
    /** For each mark the place and the radius. */
    readonly places: Float32Array;
    /** The number of the colour of each, or NONE. */
    readonly colours: Uint16Array;
    /** The number of the colour of each one's ring, if it has one. */
    readonly rings: Uint16Array;
    /** What else is to be seen of each: the sum of its LOOK. */
    readonly looks: Uint8Array;
  };
  readonly names: {
    readonly texts: readonly string[];
    /** Where each begins, with its baseline. */
    readonly places: Float32Array;
    /** The number of the colour of each. */
    readonly colours: Uint16Array;
    /** 1 for models that the filters hide. */
    readonly faint: Uint8Array;
  };
  /** Of names. */
  readonly font: string;
}

/** from.x, from.y, to.x, to.y, turnX, fromHalf, toHalf. */
export const COURSE = 7;
/** A model without a colour. */
export const NONE = 0xffff;
/** Its size means something; filters hide it; it failed; it is selected or the base; its ring is that of the base. */
export const LOOK = { sized: 1, faint: 2, failed: 4, ringed: 8, dashed: 16 };
const FAINT = 0.25;
/** Marks of a smaller radius are painted as squares: nobody sees their corners. */
const DOT = 2;
/** Marks of this radius and larger have an outline. */
const OUTLINED = 2.5;

/** Gives a canvas the size of a picture; a new size wipes it. */
export function fitted(canvas: { width: number; height: number }, { width, height, ratio }: Picture): void {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
}

/** Paints pictures, and remembers what it found out about colours. */
export class Brushwork {
  #ink: Ink | null = null;
  /** Of the colours: red, green and blue; null where a colour is not spelled as such. */
  #parts: readonly (readonly number[] | null)[] = [];

  paint(canvas: Canvas, picture: Picture, ink: Ink): void {
    if (ink !== this.#ink) {
      this.#ink = ink;
      this.#parts = ink.colours.map((colour) => /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour)?.slice(1).map(Number) ?? null);
    }
    const { width, height, ratio } = picture;
    canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
    canvas.clearRect(0, 0, width, height);
    paintLines(canvas, picture, ink);
    this.#paintRibbons(canvas, picture.ribbons, ink);
    paintMarks(canvas, picture.marks, ink);
    paintNames(canvas, picture, ink);
    canvas.globalAlpha = 1;
  }

  #paintRibbons(canvas: Canvas, { courses, colours, opacities }: Picture["ribbons"], ink: Ink): void {
    for (let index = 0; index < opacities.length; index += 1) {
      const course = courseAt(courses, index);
      const [first, last] = [colours[2 * index]!, colours[2 * index + 1]!];
      canvas.globalAlpha = opacities[index]!;
      canvas.fillStyle = this.#alike(first, last) ? ink.colours[last]! : blend(canvas, course, ink.colours[first]!, ink.colours[last]!);
      if (course.from.y === course.to.y && course.fromHalf === course.toHalf) {
        canvas.fillRect(course.from.x, course.from.y - course.fromHalf, course.to.x - course.from.x, 2 * course.fromHalf);
        continue;
      }
      canvas.beginPath();
      drawRibbon(canvas, course);
      canvas.fill();
    }
  }

  /** Whether a ribbon between two colours may as well have one: a gradient costs several times as much. */
  #alike(first: number, last: number): boolean {
    if (first === last) return true;
    const [a, b] = [this.#parts[first], this.#parts[last]];
    return !!a && !!b && Math.abs(a[0]! - b[0]!) <= UNSEEN && Math.abs(a[1]! - b[1]!) <= UNSEEN && Math.abs(a[2]! - b[2]!) <= UNSEEN;
  }
}

/** Of 255, in red, green or blue: a difference that nobody sees along a thin ribbon. */
const UNSEEN = 24;

function courseAt(courses: Float32Array, index: number): Course {
  const at = COURSE * index;
  return {
    from: { x: courses[at]!, y: courses[at + 1]! },
    to: { x: courses[at + 2]!, y: courses[at + 3]! },
    turnX: courses[at + 4]!,
    fromHalf: courses[at + 5]!,
    toHalf: courses[at + 6]!,
  };
}

function blend(canvas: Canvas, { from, to }: Course, first: string, last: string): CanvasGradient {
  const gradient = canvas.createLinearGradient(from.x, 0, to.x, 0);
  gradient.addColorStop(0, first);
  gradient.addColorStop(1, last);
  return gradient;
}

function paintLines(canvas: Canvas, { lines, reach }: Picture, ink: Ink): void {
  canvas.globalAlpha = 1;
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
}

function paintMarks(canvas: Canvas, { places, colours, rings, looks }: Picture["marks"], ink: Ink): void {
  for (let index = 0; index < looks.length; index += 1) {
    const [x, y, radius] = [places[3 * index]!, places[3 * index + 1]!, places[3 * index + 2]!];
    const look = looks[index]!;
    const colour = colours[index] === NONE ? null : ink.colours[colours[index]!]!;
    canvas.globalAlpha = look & LOOK.faint ? FAINT : 1;
    if (look & LOOK.ringed) {
      canvas.beginPath();
      canvas.arc(x, y, radius + 3, 0, 2 * Math.PI);
      canvas.lineWidth = 2.5;
      canvas.strokeStyle = ink.colours[rings[index]!]!;
      canvas.setLineDash(look & LOOK.dashed ? [4, 2.5] : []);
      canvas.stroke();
      canvas.setLineDash([]);
    }
    paintMark(canvas, x, y, radius, colour, look, ink);
  }
}

function paintMark(canvas: Canvas, x: number, y: number, radius: number, colour: string | null, look: number, ink: Ink): void {
  const plain = colour !== null && !(look & LOOK.failed);
  if (look & LOOK.sized && radius < DOT && plain) {
    // As large as the circle would be, and a third of its cost.
    const side = radius * Math.sqrt(Math.PI);
    canvas.fillStyle = colour;
    canvas.fillRect(x - side / 2, y - side / 2, side, side);
    return;
  }
  canvas.beginPath();
  if (look & LOOK.sized) canvas.arc(x, y, radius, 0, 2 * Math.PI);
  else diamond(canvas, x, y, radius);
  canvas.fillStyle = colour ?? ink.panel;
  canvas.fill();
  // The outline of a dot would hide its colour.
  if (radius < OUTLINED && plain) return;
  canvas.lineWidth = 1;
  canvas.strokeStyle = ink.outline;
  if (colour === null) canvas.setLineDash([2.5, 2]);
  canvas.stroke();
  canvas.setLineDash([]);
  if (!(look & LOOK.failed)) return;
  canvas.beginPath();
  for (const side of [-1, 1]) {
    canvas.moveTo(x - 4, y - 4 * side);
    canvas.lineTo(x + 4, y + 4 * side);
  }
  canvas.lineWidth = 2;
  canvas.strokeStyle = ink.failed;
  canvas.stroke();
}

function diamond(canvas: Canvas, x: number, y: number, radius: number): void {
  canvas.moveTo(x, y - radius);
  canvas.lineTo(x + radius, y);
  canvas.lineTo(x, y + radius);
  canvas.lineTo(x - radius, y);
  canvas.closePath();
}

function paintNames(canvas: Canvas, { names: { texts, places, colours, faint }, font }: Picture, ink: Ink): void {
  canvas.font = font;
  canvas.lineJoin = "round";
  canvas.lineWidth = 4;
  canvas.strokeStyle = ink.panel;
  for (let index = 0; index < texts.length; index += 1) {
    const [text, x, y] = [texts[index]!, places[2 * index]!, places[2 * index + 1]!];
    canvas.globalAlpha = faint[index] ? FAINT : 1;
    canvas.strokeText(text, x, y);
    canvas.fillStyle = ink.colours[colours[index]!]!;
    canvas.fillText(text, x, y);
  }
}
