import { describe, expect, it } from "vitest";
import { spellConversion, spellCounts, spellPatterns, spellShares } from "./facts.ts";

describe("facts of a file", () => {
  it("names the most frequent first", () => {
    expect(spellCounts({ Relu: 3, Conv: 1200 })).toBe("1,200 Conv, 3 Relu");
    expect(spellShares({ FLOAT: 14, INT8: 986 })).toBe("INT8 98.6%, FLOAT 1.4%");
  });

  it("says how far a file is from its PyTorch module, where there is one", () => {
    const made = { torch: "2.13.0", exporter: "dynamo", absolute: 5.4e-7, relative: 1.72e-7, instances: 8 };
    expect(spellConversion(made)).toBe(
      "torch 2.13.0, dynamo exporter; off by ≤ 5.4e-7 (relative 1.7e-7) on 8 instances",
    );
    expect([spellConversion(null), spellConversion(undefined)]).toEqual(["", ""]);
  });

  it("names the patterns of zeros that are there", () => {
    expect(spellPatterns({ "1:4": 0, "2:4": 0.916 })).toBe("2:4 in 91.6%");
  });

  it("shows what is rare, and nothing where nothing was counted", () => {
    expect(spellShares({ INT8: 1_000_000, FLOAT: 1 })).toBe("INT8 100%, FLOAT < 0.1%");
    expect([spellCounts(undefined), spellShares({})]).toEqual(["", ""]);
  });
});
