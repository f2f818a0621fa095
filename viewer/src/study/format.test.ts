import { describe, expect, it } from "vitest";
import { metric } from "./fixture.ts";
import { changeOf, formatBytes, formatValue, fullValue } from "./format.ts";

const SHARE = metric("Accuracy", { format: ".1%" });
const BYTES = metric("Size", { format: ".3~s", unit: "B", direction: "lower", minimum: 0 });

describe("formatValue", () => {
  it("uses the metric's format and joins an SI prefix to the unit", () => {
    expect(formatValue(SHARE, 0.9784)).toBe("97.8%");
    expect(formatValue(BYTES, 132_023)).toBe("132 kB");
    expect(formatValue(metric("Latency", { unit: "ms" }), 0.0917)).toBe("0.0917 ms");
    const plain = [0.00012, 9999.4, 9999.6, -18_853.2, 3e12].map((value) => formatValue(metric("Latency"), value));
    expect(plain).toEqual(["0.00012", "9999", "10,000", "−18,853", "3e+12"]);
  });

  it("says missing and non-finite values in words and signs", () => {
    expect([null, Number.NaN, Infinity, -Infinity].map((value) => formatValue(SHARE, value))).toEqual(["–", "NaN", "∞", "−∞"]);
    expect(fullValue(SHARE, null)).toBe("no value");
    expect(fullValue(SHARE, null, "it failed")).toBe("no value: it failed");
  });

  it("ignores the width of a format, and gives no sign to what rounds to zero", () => {
    expect(formatValue(metric("x", { format: "9999999999.2f" }), 1.5)).toBe("1.50");
    expect(formatValue(metric("x", { format: "+.2f" }), -0.001)).toBe("0.00");
    expect(formatValue(metric("x", { format: ".1%" }), -0.000_01)).toBe("0.0%");
    expect(formatValue(metric("x", { format: "+.2f" }), -0.01)).toBe("−0.01");
  });

  it("falls back to a plain number for a format that is none", () => {
    expect(formatValue(metric("x", { format: "<img src=x>" }), 0.25)).toBe("0.25");
  });
});

describe("changeOf", () => {
  it("gives shares in percentage points and amounts in per cent, better by the metric's direction", () => {
    expect(changeOf(SHARE, 0.978, 0.474)).toEqual({ text: "−50.4 pp", better: false });
    expect(changeOf(BYTES, 132, 51.6)).toEqual({ text: "−60.9 %", better: true });
    expect(changeOf(BYTES, 1, 20)).toEqual({ text: "×20.0", better: false });
  });

  it("gives points for a metric in per cent", () => {
    const f1 = metric("F1", { unit: "%", format: ".2", direction: "higher", minimum: 0 });
    expect(changeOf(f1, 90.5, 4.035)).toEqual({ text: "−86.5 pp", better: false });
    expect(changeOf(f1, 80, 72)?.text).toBe("−8.0 pp");
  });

  it("takes no side where the metric has no direction or nothing changed", () => {
    expect(changeOf(metric("Sparsity", { format: ".0%", direction: null }), 0, 0.5)).toEqual({ text: "+50.0 pp", better: null });
    expect(changeOf(SHARE, 0.5, 0.5)).toEqual({ text: "±0", better: null });
  });

  it("shows a change that is small as small, never as nothing or as a negative zero", () => {
    expect(changeOf(SHARE, 0.5, 0.499_99)?.text).toBe("−0.001 pp");
    expect(changeOf(SHARE, 0.5, 0.500_312)?.text).toBe("+0.031 pp");
    expect(changeOf(BYTES, 77_012, 77_001)?.text).toBe("−0.014 %");
    expect(changeOf(BYTES, 1e9, 1e9 - 1)?.text).toBe("−1e-7 %");
    const score = metric("Score", { format: "+.3f" });
    expect(["+0.020", "+0.0002"]).toEqual([0.02, 0.0002].map((step) => changeOf(score, 0, step)?.text));
  });

  it("takes the last bits of floating point for no change", () => {
    expect(changeOf(SHARE, 0.3, 0.1 + 0.2)).toEqual({ text: "±0", better: null });
  });

  it("has no answer where a value is missing or not finite", () => {
    expect(changeOf(SHARE, null, 1)).toBeNull();
    expect(changeOf(SHARE, 1, Number.NaN)).toBeNull();
  });
});

describe("formatBytes", () => {
  it("counts in decimal units", () => {
    expect([999, 1_870_830, 14_200_000].map(formatBytes)).toEqual(["999 B", "1.87 MB", "14.2 MB"]);
  });
});
