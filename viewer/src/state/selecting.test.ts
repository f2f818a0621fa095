import { describe, expect, it } from "vitest";
import { selecting } from "./selecting.ts";

const passing = new Set(["a", "b", "c"]);

describe("choosing models", () => {
  it("replaces the selection, adds to it or empties it", () => {
    expect(selecting(["b", "c"], ["a"], passing)).toEqual(["b", "c"]);
    expect(selecting(["a", "b"], ["a"], passing, true)).toEqual(["a", "b"]);
    expect(selecting([], ["a"], passing)).toEqual([]);
    expect(selecting([], ["a"], passing, true)).toEqual(["a"]);
  });

  it("takes no hidden model, but keeps one that was selected before it was hidden", () => {
    expect(selecting(["a", "hidden"], ["b"], passing)).toEqual(["a"]);
    expect(selecting(["a", "hidden"], ["hidden"], passing)).toEqual(["a", "hidden"]);
    expect(selecting(["hidden"], ["a", "hidden"], passing)).toEqual(["hidden"]);
  });

  it("leaves the selection as it is when everything chosen is hidden", () => {
    expect(selecting(["hidden"], ["a", "b"], passing)).toEqual(["a", "b"]);
    expect(selecting(["hidden", "too"], ["a"], passing, true)).toEqual(["a"]);
  });
});
