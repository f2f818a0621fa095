import { describe, expect, it } from "vitest";
import { fitText } from "./text.ts";

const measure = (text: string): number => [...text].length * 6;

describe("fitText", () => {
  it("keeps a text that fits", () => {
    expect(fitText("resnet8", 42, measure)).toBe("resnet8");
  });

  it("keeps the end, where variants of a model differ, and never exceeds the room", () => {
    const cut = fitText("recalibrate-spare-70", 72, measure);
    expect(measure(cut)).toBeLessThanOrEqual(72);
    expect(cut).toMatch(/^recalib.*….*-70$/);
  });

  it("does not cut emoji in halves", () => {
    expect(fitText("🙂".repeat(40), 60, measure)).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  });
});
