import { describe, expect, it } from "vitest";
import { boundsAfter, dragged, gripAt, type Grip, type Range } from "./grip.ts";

describe("a press on a histogram", () => {
  it("takes the nearer end, the range between them, or begins a new one", () => {
    const at = (...places: readonly number[]) => places.map((place) => gripAt(place, [50, 100]));
    expect(at(46, 50, 54, 75, 97, 104, 120, 20)).toEqual(["from", "from", "from", "both", "to", "to", "new", "new"]);
    expect(gripAt(75, null)).toBe("new");
  });

  it("can pull apart ends that lie on each other", () => {
    expect([gripAt(48, [50, 50]), gripAt(53, [50, 50])]).toEqual(["from", "to"]);
  });

  it("moves what it holds, within the histogram, and over the other end too", () => {
    expect(dragged("from", [50, 100], 51, 20, 150)).toEqual([20, 100]);
    expect(dragged("from", [50, 100], 51, 120, 150)).toEqual([100, 120]);
    expect(dragged("to", [50, 100], 99, 900, 150)).toEqual([50, 150]);
    expect(dragged("both", [50, 100], 75, 95, 150)).toEqual([70, 120]);
    expect(dragged("both", [50, 100], 75, 900, 150)).toEqual([100, 150]);
    expect(dragged("new", [0, 150], 80, -20, 150)).toEqual([0, 80]);
  });

  it("keeps the bound that was typed at the end it does not hold, on whichever side that comes to be", () => {
    const typed = { low: 0.123456, high: 0.654321 };
    const before: Range = [12, 65];
    const brushed = ([left, right]: Range) => ({ low: left / 100, high: right / 100 });
    const drag = (grip: Grip, start: number, at: number) => boundsAfter(grip, typed, before, dragged(grip, before, start, at, 150), brushed);
    expect(drag("from", 12, 30)).toEqual({ low: 0.3, high: 0.654321 });
    expect(drag("to", 65, 90)).toEqual({ low: 0.123456, high: 0.9 });
    expect(drag("from", 12, 80)).toEqual({ low: 0.654321, high: 0.8 });
    expect(drag("to", 65, 5)).toEqual({ low: 0.05, high: 0.123456 });
    expect(drag("both", 40, 50)).toEqual({ low: 0.22, high: 0.75 });
    expect(drag("new", 90, 100)).toEqual({ low: 0.9, high: 1 });
  });

  it("keeps a typed bound that lies beyond the histogram", () => {
    const brushed = ([left, right]: Range) => ({ low: left, high: right });
    expect(boundsAfter("from", { low: null, high: 1e9 }, [0, 150], [40, 150], brushed)).toEqual({ low: 40, high: 1e9 });
  });
});
