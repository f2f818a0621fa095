// Points, rectangles and links in pixels: their shapes, what lies in a rectangle, what is next to what.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What a ribbon goes through: from its parent, come to its child's row at `turnX`, to its child; its half width at both ends. */
export interface Course {
  readonly from: Point;
  readonly to: Point;
  readonly turnX: number;
  readonly fromHalf: number;
  readonly toHalf: number;
}

/** What draws a ribbon, a path of the DOM's canvas among others. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void;
  closePath(): void;
}

/** Draws a ribbon whose width goes from one half width to the other. */
export function drawRibbon(pen: Pen, { from, to, turnX, fromHalf, toHalf }: Course): void {
  const middle = (from.x + turnX) / 2;
  const reach = to.x - from.x;
  const share = reach === 0 ? 1 : (turnX - from.x) / reach;
  const half = fromHalf + (toHalf - fromHalf) * share;
  pen.moveTo(from.x, from.y - fromHalf);
  pen.bezierCurveTo(middle, from.y - fromHalf, middle, to.y - half, turnX, to.y - half);
  if (share < 1) pen.lineTo(to.x, to.y - toHalf);
  pen.lineTo(to.x, to.y + toHalf);
  if (share < 1) pen.lineTo(turnX, to.y + half);
  pen.bezierCurveTo(middle, to.y + half, middle, from.y + fromHalf, from.x, from.y + fromHalf);
  pen.closePath();
}

/** The same as the `d` of a path element. */
export function ribbon(course: Course): string {
  const parts: string[] = [];
  const spell = (letter: string, ...numbers: number[]): void => {
    parts.push(letter + numbers.map((number) => Math.round(number * 100) / 100).join(" "));
  };
  drawRibbon(
    {
      moveTo: (x, y) => spell("M", x, y),
      lineTo: (x, y) => spell("L", x, y),
      bezierCurveTo: (...numbers) => spell("C", ...numbers),
      closePath: () => spell("Z"),
    },
    course,
  );
  return parts.join("");
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
