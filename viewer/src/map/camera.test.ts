import { describe, expect, it } from "vitest";
import { held, mostZoom, panned, revealed, shown, transformOf, WHOLE, zoomedAt, type Camera, type Stage } from "./camera.ts";
import type { Point } from "./geometry.ts";

const STAGE: Stage = { width: 800, height: 400, most: { x: 4, y: 16 } };

const onScreen = (camera: Camera, point: Point): Point => {
  const { kx, ky, x, y } = transformOf(STAGE, camera);
  return { x: point.x * kx + x, y: point.y * ky + y };
};

describe("a camera", () => {
  it("shows the whole map as it is, unless told otherwise", () => {
    expect(transformOf(STAGE, WHOLE)).toEqual({ kx: 1, ky: 1, x: 0, y: 0 });
    expect(shown(STAGE, WHOLE)).toEqual({ left: 0, right: 1, top: 0, bottom: 1 });
  });

  it("reaches the most in both directions together", () => {
    expect(mostZoom(STAGE)).toBe(16);
    const { kx, ky } = transformOf(STAGE, { ...WHOLE, zoom: 16 });
    expect([kx, ky]).toEqual([expect.closeTo(4), expect.closeTo(16)]);
  });

  it("keeps what is under the pointer there while it zooms in and out", () => {
    const pointer = { x: 300, y: 120 };
    let camera = zoomedAt(STAGE, WHOLE, 3, pointer);
    expect(onScreen(camera, pointer)).toEqual({ x: expect.closeTo(300), y: expect.closeTo(120) });
    camera = zoomedAt(STAGE, camera, 1 / 3, pointer);
    expect(camera).toEqual({ zoom: expect.closeTo(1), x: expect.closeTo(0.5), y: expect.closeTo(0.5) });
  });

  it("never shows what is beyond the map's edges", () => {
    const wild = [held(STAGE, { zoom: 5, x: -3, y: 9 }), panned(STAGE, { zoom: 2, x: 0.5, y: 0.5 }, 1e6, -1e6), zoomedAt(STAGE, WHOLE, 1e9, { x: -50, y: 900 })];
    for (const camera of wild) {
      const { left, right, top, bottom } = shown(STAGE, camera);
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(-1e-9);
      expect(Math.max(right, bottom)).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect(panned(STAGE, WHOLE, 100, 100)).toEqual(WHOLE);
  });

  it("moves by as many pixels as the hand does", () => {
    const camera = { zoom: 8, x: 0.5, y: 0.5 };
    const before = onScreen(camera, { x: 400, y: 200 });
    const after = onScreen(panned(STAGE, camera, 31, -12), { x: 400, y: 200 });
    expect([after.x - before.x, after.y - before.y]).toEqual([expect.closeTo(31), expect.closeTo(-12)]);
  });

  it("brings a model into view, and stays where it is when the model is there already", () => {
    const camera = held(STAGE, { zoom: 8, x: 0.2, y: 0.2 });
    const there = onScreen(revealed(STAGE, camera, { x: 700, y: 390 }, 40), { x: 700, y: 390 });
    expect(there.x).toBeLessThanOrEqual(760.001);
    expect(there.y).toBeLessThanOrEqual(400);
    expect(there.y).toBeGreaterThan(0);
    const middle = { x: camera.x * STAGE.width, y: camera.y * STAGE.height };
    expect(revealed(STAGE, camera, middle, 40)).toEqual({ zoom: 8, x: expect.closeTo(camera.x), y: expect.closeTo(camera.y) });
  });

  it("looks at the same part of the map when the panel changes its size", () => {
    const camera = { zoom: 4, x: 0.3, y: 0.7 };
    expect(shown({ ...STAGE, width: 1600, height: 900 }, camera)).toEqual(shown(STAGE, camera));
  });
});
