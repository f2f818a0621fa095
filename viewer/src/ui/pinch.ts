// Two fingers on a drawing: they move it together, and zoom it by drawing apart. One finger is left to scrolling and to brushes.

import type { Point } from "../map/geometry.ts";

/** What two fingers did since both were down: how much further apart they are, about where, and how far their middle went since. */
export interface Pinch {
  readonly factor: number;
  readonly at: Point;
  readonly dx: number;
  readonly dy: number;
}

/** Fingers closer than this jump when they touch each other. */
const CLOSE = 12;

/** From where two fingers were to where they are. */
export function pinchOf(before: readonly [Point, Point], after: readonly [Point, Point]): Pinch {
  const [from, to] = [middle(before), middle(after)];
  const [apart, further] = [distance(before), distance(after)];
  return { factor: Math.max(CLOSE, further) / Math.max(CLOSE, apart), at: from, dx: to.x - from.x, dy: to.y - from.y };
}

/** Keeps track of the fingers on an element. Mice and pens are none. */
export class Fingers {
  readonly #places = new Map<number, Point>();
  #start: readonly [Point, Point] | null = null;

  get two(): boolean {
    return this.#places.size === 2;
  }

  /** Whether there are two fingers now. */
  down(event: PointerEvent): boolean {
    // The first finger: whatever became of those before it.
    if (event.isPrimary) this.#places.clear();
    if (event.pointerType === "touch") this.#places.set(event.pointerId, placeOf(event));
    this.#start = this.two ? this.#pair() : null;
    return this.two;
  }

  /** What two fingers did; null when there are not two, or the finger is none of them. */
  move(event: PointerEvent): Pinch | null {
    if (!this.#start || !this.#places.has(event.pointerId)) return null;
    this.#places.set(event.pointerId, placeOf(event));
    return pinchOf(this.#start, this.#pair());
  }

  /** Whether that ended the work of two fingers. */
  up(event: PointerEvent): boolean {
    const were = this.two;
    if (!this.#places.delete(event.pointerId)) return false;
    this.#start = null;
    return were;
  }

  #pair(): [Point, Point] {
    return [...this.#places.values()].slice(0, 2) as [Point, Point];
  }
}

/**
 * Keeps the browser from scrolling with two fingers what they move and zoom; for `{@attach}`. It must be a listener of its own: those that
 * Svelte sets for touches are passive.
 */
export function withoutScrolling(element: Element): () => void {
  const stop = (event: Event): void => {
    if ((event as TouchEvent).touches.length >= 2 && event.cancelable) event.preventDefault();
  };
  for (const name of ["touchstart", "touchmove"]) element.addEventListener(name, stop, { passive: false });
  return () => {
    for (const name of ["touchstart", "touchmove"]) element.removeEventListener(name, stop);
  };
}

function placeOf(event: PointerEvent): Point {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function middle([a, b]: readonly [Point, Point]): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function distance([a, b]: readonly [Point, Point]): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
