// A rectangle drawn with the pointer, on the map as on the scatterplot. It may begin at the very edge and leave the drawing.

import { rectangleOf, type Point, type Rectangle } from "../map/geometry.ts";

export interface BrushOptions {
  /** Selector of marks, on which no rectangle begins. */
  readonly marks: string;
  /** When a rectangle begins. */
  start(): void;
  /**
   * When it is done.
   * @param box in pixels of the element, or null when the pointer was pressed without moving
   * @param add whether Shift, Ctrl or ⌘ was held
   */
  end(box: Rectangle | null, add: boolean): void;
}

/** A press that moves less than this is a click. */
const CLICK = 4;

export class Brush {
  readonly #options: BrushOptions;
  #ends: { readonly from: Point; readonly to: Point } | null = $state.raw(null);
  /** The rectangle being drawn, in pixels of the element. */
  readonly box: Rectangle | null = $derived(this.#ends && rectangleOf(this.#ends.from, this.#ends.to));

  constructor(options: BrushOptions) {
    this.#options = options;
  }

  /** For the element's pointer events, all four. */
  readonly handlers = {
    onpointerdown: (event: PointerEvent): void => {
      if (event.button !== 0 || (event.target as Element).closest(this.#options.marks)) return;
      const at = placeOf(event);
      this.#ends = { from: at, to: at };
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      this.#options.start();
    },
    onpointermove: (event: PointerEvent): void => {
      if (this.#ends) this.#ends = { from: this.#ends.from, to: placeOf(event) };
    },
    onpointerup: (event: PointerEvent): void => {
      if (!this.#ends) return;
      const { from, to } = this.#ends;
      this.#ends = null;
      const drawn = Math.hypot(to.x - from.x, to.y - from.y) >= CLICK;
      this.#options.end(drawn ? rectangleOf(from, to) : null, adds(event));
    },
    onpointercancel: (): void => {
      this.#ends = null;
    },
  };
}

/** Whether a click or a key is meant to add to the selection. */
export function adds(event: MouseEvent | KeyboardEvent): boolean {
  return event.shiftKey || event.ctrlKey || event.metaKey;
}

function placeOf(event: PointerEvent): Point {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
