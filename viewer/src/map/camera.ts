// What part of the map is in view. A camera looks at a point, given as shares of the map, so that it keeps its place when the
// panel changes its size. Zooming spreads models; marks and names keep their size, so that more names find room.

import type { Point, Rectangle } from "./geometry.ts";

export interface Camera {
  /** 1 shows the whole map; the greatest zoom is the frame's. */
  readonly zoom: number;
  /** The middle of the view, in shares of the map's width and height. */
  readonly x: number;
  readonly y: number;
}

/** What a camera looks at, and through how large a window. */
export interface Stage {
  readonly width: number;
  readonly height: number;
  readonly most: { readonly x: number; readonly y: number };
}

/** From the map as a whole to the screen: multiply, then add. */
export interface Transform {
  readonly kx: number;
  readonly ky: number;
  readonly x: number;
  readonly y: number;
}

export const WHOLE: Camera = { zoom: 1, x: 0.5, y: 0.5 };

export function mostZoom({ most }: Stage): number {
  return Math.max(most.x, most.y);
}

/** Rows are usually tight and columns few, so both directions zoom at their own pace and reach their most together. */
function stretch(stage: Stage, zoom: number): { kx: number; ky: number } {
  const whole = Math.log(mostZoom(stage));
  return { kx: zoom ** (Math.log(stage.most.x) / whole), ky: zoom ** (Math.log(stage.most.y) / whole) };
}

export function transformOf(stage: Stage, camera: Camera): Transform {
  const { kx, ky } = stretch(stage, camera.zoom);
  return { kx, ky, x: stage.width * (0.5 - camera.x * kx), y: stage.height * (0.5 - camera.y * ky) };
}

/** A camera that shows nothing beyond the map's edges. */
export function held(stage: Stage, { zoom, x, y }: Camera): Camera {
  const within = Math.min(mostZoom(stage), Math.max(1, zoom));
  const { kx, ky } = stretch(stage, within);
  return { zoom: within, x: hold(x, kx), y: hold(y, ky) };
}

function hold(share: number, k: number): number {
  const margin = 0.5 / k;
  return Math.min(1 - margin, Math.max(margin, share));
}

/** Zooms so that what is at a point of the screen stays there. */
export function zoomedAt(stage: Stage, camera: Camera, factor: number, at: Point): Camera {
  const before = transformOf(stage, camera);
  const zoom = Math.min(mostZoom(stage), Math.max(1, camera.zoom * factor));
  const { kx, ky } = stretch(stage, zoom);
  const x = (at.x - before.x) / before.kx;
  const y = (at.y - before.y) / before.ky;
  return held(stage, {
    zoom,
    x: (x - (at.x - stage.width / 2) / kx) / stage.width,
    y: (y - (at.y - stage.height / 2) / ky) / stage.height,
  });
}

/** Moves the map by pixels of the screen, as far as there is more of it. */
export function panned(stage: Stage, camera: Camera, dx: number, dy: number): Camera {
  const { kx, ky } = stretch(stage, camera.zoom);
  return held(stage, { ...camera, x: camera.x - dx / kx / stage.width, y: camera.y - dy / ky / stage.height });
}

/** Moves no further than needed for a point of the whole map to be well in view. */
export function revealed(stage: Stage, camera: Camera, point: Point, margin: number): Camera {
  const { kx, ky, x, y } = transformOf(stage, camera);
  const beyond = (at: number, size: number): number => Math.max(0, margin - at) - Math.max(0, at - (size - margin));
  return panned(stage, camera, beyond(point.x * kx + x, stage.width), beyond(point.y * ky + y, stage.height));
}

/** What the screen shows, in shares of the map. */
export function shown(stage: Stage, camera: Camera): Rectangle {
  const { kx, ky } = stretch(stage, camera.zoom);
  return { left: camera.x - 0.5 / kx, right: camera.x + 0.5 / kx, top: camera.y - 0.5 / ky, bottom: camera.y + 0.5 / ky };
}
