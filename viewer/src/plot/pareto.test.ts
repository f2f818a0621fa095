import { describe, expect, it } from "vitest";
import { paretoFront, stepBoxes, stepLine, type Candidate, type Direction } from "./pareto.ts";

const DIRECTIONS: readonly Direction[] = ["higher", "lower", null];
const VALUES = [0, -0, 1, 2, 3, -1, 1e308, -1e308, 5e-324, Infinity, -Infinity, Number.NaN, null];

/** The definition, word by word. */
function obvious(candidates: readonly Candidate[], x: Direction, y: Direction): readonly string[] {
  const better = (a: number, b: number, direction: Direction): boolean => (direction === "higher" ? a > b : a < b);
  const known = candidates.filter((one) => Number.isFinite(one.x ?? Number.NaN) && Number.isFinite(one.y ?? Number.NaN));
  const dominates = (a: Candidate, b: Candidate): boolean => {
    const [ax, ay, bx, by] = [a.x ?? 0, a.y ?? 0, b.x ?? 0, b.y ?? 0];
    return !better(bx, ax, x) && !better(by, ay, y) && (better(ax, bx, x) || better(ay, by, y));
  };
  if (x === null || y === null) return [];
  return known.filter((one) => !known.some((other) => dominates(other, one))).map(({ id }) => id);
}

/** Numbers that look random and are the same on each run. */
function randomly(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe("paretoFront", () => {
  it("is what the definition says, for all directions, ties, missing and non-finite values", () => {
    const random = randomly(7);
    for (let round = 0; round < 400; round++) {
      const pick = (): number | null => VALUES[Math.floor(random() * (round % 2 ? VALUES.length : 6))] ?? null;
      const candidates = Array.from({ length: Math.floor(random() * 14) }, (_, index) => ({ id: `m${index}`, x: pick(), y: pick() }));
      for (const x of DIRECTIONS) {
        for (const y of DIRECTIONS) {
          const front = paretoFront(candidates, x, y);
          expect([...front].sort(), JSON.stringify([candidates, x, y])).toEqual([...obvious(candidates, x, y)].sort());
        }
      }
    }
  });

  it("goes from the best of x to the best of y", () => {
    const candidates = [{ id: "good", x: 9, y: 0.9 }, { id: "small", x: 1, y: 0.1 }, { id: "bad", x: 9, y: 0.2 }, { id: "middle", x: 4, y: 0.5 }];
    expect(paretoFront(candidates, "lower", "higher")).toEqual(["small", "middle", "good"]);
    expect(paretoFront(candidates, "higher", "higher")).toEqual(["good"]);
  });

  it("keeps models of equal values together", () => {
    const candidates = [{ id: "a", x: 1, y: 1 }, { id: "b", x: 1, y: 1 }, { id: "c", x: 1, y: 0 }];
    expect(paretoFront(candidates, "lower", "higher")).toEqual(["a", "b"]);
  });

  it("needs a direction on both axes", () => {
    expect(paretoFront([{ id: "a", x: 1, y: 1 }], null, "higher")).toEqual([]);
    expect(paretoFront([{ id: "a", x: 1, y: 1 }], "lower", null)).toEqual([]);
  });
});

describe("stepLine", () => {
  it("goes round what the front dominates, to both ends of the plot", () => {
    const front = [{ x: 10, y: 80 }, { x: 30, y: 20 }];
    expect(stepLine(front, { x: 100, y: 90 })).toBe("M10,90 H10 V80 H30 V20 H100");
    expect(stepLine([], { x: 100, y: 90 })).toBe("");
  });

  it("has the same border in boxes", () => {
    const boxes = stepBoxes([{ x: 10, y: 80 }, { x: 30, y: 20 }], { x: 100, y: 90 });
    expect(boxes.map(({ left, top, right, bottom }) => [left + 1, top + 1, right - 1, bottom - 1])).toEqual([
      [10, 80, 10, 90], [10, 80, 30, 80], [30, 20, 30, 80], [30, 20, 100, 20],
    ]);
    expect(stepBoxes([], { x: 100, y: 90 })).toEqual([]);
  });
});
