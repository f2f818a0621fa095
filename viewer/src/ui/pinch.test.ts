import { describe, expect, it } from "vitest";
import { pinchOf } from "./pinch.ts";

const point = (x: number, y: number) => ({ x, y });

describe("two fingers", () => {
  it("move by as much as their middle does, without zooming while their distance stays", () => {
    expect(pinchOf([point(0, 0), point(100, 0)], [point(10, 5), point(110, 5)])).toEqual({ dx: 10, dy: 5, factor: 1, at: point(50, 0) });
  });

  it("zoom by as much as they draw apart, about their middle", () => {
    expect(pinchOf([point(40, 0), point(60, 0)], [point(30, 0), point(70, 0)])).toEqual({ dx: 0, dy: 0, factor: 2, at: point(50, 0) });
    expect(pinchOf([point(0, 30), point(0, 70)], [point(0, 40), point(0, 60)]).factor).toBe(0.5);
  });

  it("never zoom without end, also when they start at the same point", () => {
    expect(pinchOf([point(5, 5), point(5, 5)], [point(5, 5), point(5, 29)]).factor).toBe(2);
    expect(pinchOf([point(5, 5), point(5, 29)], [point(5, 5), point(5, 5)]).factor).toBe(0.5);
  });
});
