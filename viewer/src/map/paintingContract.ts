// What the page and the worker that paints say to each other: types only. Each canvas that the worker was given has a number.

import type { Ink, Picture } from "./paint.ts";

export type PaintingOrder =
  | { readonly easel: number; readonly canvas: OffscreenCanvas }
  /** Holds for all pictures after it. */
  | { readonly easel: number; readonly ink: Ink }
  /** Answered when it is painted. */
  | { readonly easel: number; readonly picture: Picture }
  | { readonly easel: number; readonly closed: true };

export interface PaintingAnswer {
  readonly easel: number;
}
