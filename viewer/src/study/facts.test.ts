import { describe, expect, it } from "vitest";
import { spellCounts, spellShares } from "./facts.ts";

describe("facts of a file", () => {
  it("names the most frequent first", () => {
    expect(spellCounts({ Relu: 3, Conv: 1200 })).toBe("1,200 Conv, 3 Relu");
    expect(spellShares({ FLOAT: 14, INT8: 986 })).toBe("INT8 98.6%, FLOAT 1.4%");
  });

  it("shows what is rare, and nothing where nothing was counted", () => {
    expect(spellShares({ INT8: 1_000_000, FLOAT: 1 })).toBe("INT8 100%, FLOAT < 0.1%");
    expect([spellCounts(undefined), spellShares({})]).toEqual(["", ""]);
  });
});
