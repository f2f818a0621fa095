// Pictures on their way to a worker that paints one at a time: while it is busy only the newest one waits.

import type { PaintingOrder } from "./paintingContract.ts";
import type { Ink, Picture } from "./paint.ts";

export class Easel {
  readonly #number: number;
  readonly #post: (order: PaintingOrder) => void;
  #ink: Ink | null = null;
  #busy = false;
  #waiting: { readonly picture: Picture; readonly ink: Ink } | null = null;

  constructor(number: number, post: (order: PaintingOrder) => void) {
    this.#number = number;
    this.#post = post;
  }

  show(picture: Picture, ink: Ink): void {
    if (this.#busy) this.#waiting = { picture, ink };
    else this.#send(picture, ink);
  }

  /** The worker has painted what it was given last. */
  painted(): void {
    this.#busy = false;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting) this.#send(waiting.picture, waiting.ink);
  }

  #send(picture: Picture, ink: Ink): void {
    this.#busy = true;
    if (ink !== this.#ink) this.#post({ easel: this.#number, ink });
    this.#ink = ink;
    this.#post({ easel: this.#number, picture });
  }
}
