import { describe, expect, it } from "vitest";
import { dragged, gripAt } from "./grip.ts";

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
});
