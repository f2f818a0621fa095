import { describe, expect, it } from "vitest";
import type { Rectangle } from "../map/geometry.ts";
import { placeCounts, placeNames, type Mark } from "./labels.ts";

const BOUNDS = { left: 0, top: 0, right: 200, bottom: 100 };
const mark = (id: string, x: number, y: number): Mark => ({ id, x, y, radius: 5 });
const wanted = (marks: readonly Mark[], width: number) => marks.map((one) => ({ mark: one, text: one.id, width }));
const anchors = (marks: readonly Mark[], boxes: readonly Rectangle[] = []): Record<string, string> =>
  Object.fromEntries([...placeNames(wanted(marks, 40), { marks, boxes }, BOUNDS)].map(([id, { label }]) => [id, label.anchor]));

/** Pairs of boxes that share area. */
function clashes(boxes: readonly Rectangle[]): number {
  const apart = (a: Rectangle, b: Rectangle): boolean => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  return boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) => !apart(a, b))).length;
}

describe("placeNames", () => {
  it("prefers the right, and takes the left at the edge", () => {
    expect(anchors([mark("a", 20, 50), mark("b", 190, 50)])).toEqual({ a: "start", b: "end" });
  });

  it("writes above or below where both sides are taken", () => {
    expect(anchors([mark("a", 100, 50), mark("b", 70, 50), mark("c", 130, 50)])["a"]).toBe("middle");
  });

  it("stays off lines", () => {
    expect(anchors([mark("a", 60, 50)], [{ left: 60, right: 200, top: 49, bottom: 51 }])).toEqual({ a: "end" });
  });

  it("leaves a name out rather than over another", () => {
    const crowd = Array.from({ length: 40 }, (_, index) => mark(`m${index}`, 100 + (index % 7), 50 + (index % 5)));
    const placed = placeNames(wanted(crowd, 90), { marks: [], boxes: [] }, BOUNDS);
    expect(placed.size).toBeGreaterThan(2);
    expect(placed.size).toBeLessThan(16);
    expect(clashes([...placed.values()].map(({ box }) => box))).toBe(0);
  });
});

describe("placeCounts", () => {
  it("keeps the counts of neighbouring points apart", () => {
    const placed = placeCounts(wanted([mark("a", 100, 50), mark("b", 100, 52), mark("c", 100, 54)], 8), BOUNDS);
    expect(placed.size).toBe(3);
    expect(clashes([...placed.values()].map(({ box }) => box))).toBe(0);
  });
});
