import { describe, expect, it } from "vitest";
import { metric } from "../study/fixture.ts";
import { axisOf, canLog, INSET, ticksOf } from "./axis.ts";

const SHARE = metric("Accuracy", { format: ".1%", minimum: 0, maximum: 1 });
const BYTES = metric("Size", { format: ".3~s", unit: "B" });
const labels = (...asked: Parameters<typeof ticksOf>): string[] => ticksOf(...asked).map(({ label }) => label);
const wide = (label: string): number => label.length * 7 + 16;

describe("axisOf", () => {
  it("leaves room at both ends, in both directions of pixels", () => {
    expect([0, 10].map(axisOf([0, 10], false, 0, 200).at)).toEqual([INSET, 200 - INSET]);
    expect([0, 10].map(axisOf([0, 10], false, 200, 0).at)).toEqual([200 - INSET, INSET]);
  });

  it("spaces a log axis by ratios", () => {
    const { at } = axisOf([1, 100], true, 0, 200);
    expect([1, 10, 100].map((value) => Math.round(at(value)))).toEqual([INSET, 100, 200 - INSET]);
  });

  it("puts a single value in the middle, be it zero", () => {
    for (const value of [0, 5, -3, 1e308, 5e-324]) expect(axisOf([value, value], false, 0, 200).at(value)).toBeCloseTo(100);
    expect(axisOf([5, 5], true, 0, 200).at(5)).toBeCloseTo(100);
  });

  it("has a pixel for the least and greatest numbers there are", () => {
    for (const extent of [[-1.7e308, 1.7e308], [0, 5e-324], [5e-324, 1.7e308], [1, 1 + Number.EPSILON]] as const) {
      for (const log of [false, true]) {
        const axis = axisOf(extent, log, 0, 200);
        expect(extent.map((value) => Number.isFinite(axis.at(value)))).toEqual([true, true]);
        expect(ticksOf(axis, metric("x"), wide).every(({ at }) => at > -1 && at < 201)).toBe(true);
      }
    }
  });

  it("takes logarithms of values above zero only", () => {
    expect([canLog([0, 1]), canLog([-1, 1]), canLog([0.1, 1]), canLog(null)]).toEqual([false, false, true, false]);
    expect(axisOf([0, 1], true, 0, 200).at(0.5)).toBeCloseTo(100);
  });
});

describe("ticksOf", () => {
  it("uses the metric's format and unit", () => {
    expect(labels(axisOf([0.1, 0.978], false, 0, 300), SHARE, wide)).toEqual(["20.0%", "40.0%", "60.0%", "80.0%", "100.0%"]);
    expect(labels(axisOf([15_000, 132_000], false, 0, 400), BYTES, wide)).toEqual(["20 kB", "40 kB", "60 kB", "80 kB", "100 kB", "120 kB"]);
  });

  it("keeps labels apart", () => {
    for (const length of [60, 120, 250, 600, 2000]) {
      const ticks = ticksOf(axisOf([15_000, 132_000], true, 0, length), BYTES, wide);
      ticks.slice(1).forEach((tick, index) => expect(tick.at - (ticks[index]?.at ?? 0)).toBeGreaterThanOrEqual(wide("20 kB")));
    }
  });

  it("labels powers and their simple multiples on a log axis", () => {
    expect(labels(axisOf([15_000, 132_000], true, 0, 260), BYTES, wide)).toEqual(["20 kB", "50 kB", "100 kB"]);
    expect(labels(axisOf([1, 1e6], true, 0, 700), metric("x", { format: "~s" }), wide)).toContain("10k");
  });

  it("adds digits where neighbours would read the same", () => {
    expect(labels(axisOf([0.9781, 0.9784], false, 0, 300), SHARE, wide)).toEqual(["97.81%", "97.82%", "97.83%", "97.84%"]);
  });

  it("has no tick where the metric cannot be", () => {
    expect(labels(axisOf([0.9, 1], false, 0, 600), SHARE, wide).at(-1)).toBe("100.0%");
    expect(labels(axisOf([1, 3], false, 0, 600), metric("Epochs", { format: ",d" }), wide)).toEqual(["1", "2", "3"]);
  });
});
