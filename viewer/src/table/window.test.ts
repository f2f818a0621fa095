import { describe, expect, it } from "vitest";
import { drawnRows, rowAfter, rowWindow } from "./window.ts";

describe("the rows that are drawn", () => {
  it("are all of a short table", () => {
    expect(rowWindow(150, 26, 900, 300)).toEqual({ first: 0, end: 150 });
  });

  it("cover the view wherever a long table is scrolled to, and are few", () => {
    for (let scrolled = 0; scrolled <= 1000 * 26 - 300; scrolled += 7) {
      const { first, end } = rowWindow(1000, 26, scrolled, 300);
      expect(first * 26).toBeLessThanOrEqual(scrolled);
      expect(end * 26).toBeGreaterThanOrEqual(Math.min(1000 * 26, scrolled + 300));
      expect(end - first).toBeLessThanOrEqual(45);
    }
  });

  it("are the last ones when a table has become shorter than it was scrolled", () => {
    expect(rowWindow(200, 26, 30_000, 300)).toEqual({ first: 176, end: 200 });
  });

  it("are some before a height is known", () => {
    expect(rowWindow(1000, 0, 0, 0)).toEqual({ first: 0, end: 24 });
  });
});

describe("the row with the focus", () => {
  const around = (held: number) => drawnRows({ first: 10, end: 13 }, held).map(({ row, gap }) => [row, gap]);

  it("is drawn above and below those in view, each row at its height", () => {
    expect(around(2)).toEqual([[2, 2], [10, 7], [11, 0], [12, 0]]);
    expect(around(20)).toEqual([[10, 10], [11, 0], [12, 0], [20, 7]]);
  });

  it("is one of those in view when it is there, and none when nothing has the focus", () => {
    expect(around(11)).toEqual([[10, 10], [11, 0], [12, 0]]);
    expect(around(-1)).toEqual(around(12));
  });
});

describe("keys in a table", () => {
  it("go by a row, a page or to the ends, and stay in the table", () => {
    const from = (row: number) => ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"].map((key) => rowAfter(key, row, 100, 10));
    expect(from(5)).toEqual([6, 4, 15, 0, 0, 99]);
    expect(from(99)).toEqual([99, 98, 99, 89, 0, 99]);
    expect(rowAfter("x", 5, 100, 10)).toBeNull();
  });
});
