import { describe, expect, it } from "vitest";
import { crossingsOf, heightAt, type Curve } from "./crossings.ts";
import { randomNumbers } from "./generate.ts";

function curve(fromColumn: number, fromRow: number, toColumn: number, toRow: number, turn = toColumn): Curve {
  return { from: { column: fromColumn, row: fromRow }, to: { column: toColumn, row: toRow }, turn };
}

/** The obvious way: every pair in every gap. */
function slowly(curves: readonly Curve[]): number {
  let count = 0;
  for (const [index, a] of curves.entries()) {
    for (const b of curves.slice(index + 1)) {
      const from = Math.max(a.from.column, b.from.column);
      for (let column = from; column < Math.min(a.to.column, b.to.column); column += 1) {
        const before = heightAt(a, column) - heightAt(b, column);
        const after = heightAt(a, column + 1) - heightAt(b, column + 1);
        if (before * after < 0) count += 1;
      }
    }
  }
  return count;
}

describe("crossings", () => {
  it("are pairs of links that change sides", () => {
    expect(crossingsOf([curve(0, 0, 1, 1), curve(0, 1, 1, 0)])).toBe(1);
    expect(crossingsOf([curve(0, 0, 1, 0), curve(0, 1, 1, 1)])).toBe(0);
    expect(crossingsOf([])).toBe(0);
  });

  it("are not counted where links leave one model or end in one", () => {
    expect(crossingsOf([curve(0, 0, 1, 1), curve(0, 0, 1, 0), curve(0, 0, 1, 5)])).toBe(0);
    expect(crossingsOf([curve(0, 3, 1, 1), curve(0, 2, 1, 1)])).toBe(0);
  });

  it("are found wherever a long link is met on its way", () => {
    expect(crossingsOf([curve(0, 0, 3, 2, 1), curve(1, 1, 2, 3)])).toBe(1);
    expect(crossingsOf([curve(0, 0, 3, 2, 1), curve(1, 3, 2, 4)])).toBe(0);
  });

  it("number the same when counted pair by pair", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = randomNumbers(seed);
      const curves = Array.from({ length: 40 }, () => {
        const from = random(4);
        const to = from + 1 + random(4);
        return curve(from, random(30) / 3, to, random(30) / 3, random(2) ? from + 1 : to);
      });
      expect(crossingsOf(curves)).toBe(slowly(curves));
    }
  });
});
