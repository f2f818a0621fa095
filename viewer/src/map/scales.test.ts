import { describe, expect, it } from "vitest";
import type { MetricRecord, ModelRecord } from "../bundle/types.gen.ts";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { colourScale, RADIUS, sizeScale } from "./scales.ts";

const values = (...list: readonly ModelRecord["metrics"][string][]): ModelRecord[] =>
  list.map((value, index) => model(`m${index}`, null, { Score: value }));

function scales(models: readonly ModelRecord[], score: MetricRecord = metric("Score"), dark = false) {
  const study = smallStudy(models, [score]);
  return { colours: colourScale(study, score, dark), sizes: sizeScale(study, score, 12) };
}

/** How light a colour is, from 0 to 255. */
function lightness(colour: string | null): number {
  const [red = 0, green = 0, blue = 0] = (colour?.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("the colour of a model", () => {
  it("stands out the more from the ground the better the value is, whichever way is better", () => {
    for (const [direction, better, worse] of [["higher", "m1", "m0"], ["lower", "m0", "m1"]] as const) {
      const light = scales(values(1, 2), metric("Score", { direction })).colours;
      expect(lightness(light.of(better))).toBeLessThan(lightness(light.of(worse)));
      const dark = scales(values(1, 2), metric("Score", { direction }), true).colours;
      expect(lightness(dark.of(better))).toBeGreaterThan(lightness(dark.of(worse)));
    }
  });

  it("changes its lightness one way only, so that it is read without telling colours apart", () => {
    for (const dark of [false, true]) {
      const { colours } = scales(values(0, 1), metric("Score"), dark);
      const steps = Array.from({ length: 21 }, (_, step) => lightness(colours.at(step / 20)));
      const sorted = [...steps].sort((a, b) => (dark ? a - b : b - a));
      expect(steps).toEqual(sorted);
    }
  });

  it("is none for a model without a value, with NaN and with an infinity, and the scale says which", () => {
    const { colours, sizes } = scales([...values(1, "NaN", "Infinity", "-Infinity", 2), model("none")]);
    expect(["m1", "m2", "m3", "none"].map((id) => colours.of(id))).toEqual([null, null, null, null]);
    expect(colours.lacking).toEqual({ missing: ["none"], undefined: ["m1"], infinite: ["m2", "m3"] });
    expect(sizes.lacking).toEqual(colours.lacking);
    expect(colours.extent).toEqual([1, 2]);
  });

  it("exists where all values are equal, where they are huge and where there is no metric", () => {
    expect(scales(values(3, 3)).colours.of("m0")).toBe(scales(values(3, 3)).colours.at(0.5));
    const huge = scales(values(-1.7e308, 1.7e308)).colours;
    expect(huge.of("m0")).toBe(huge.at(0));
    expect(huge.of("m1")).toBe(huge.at(1));
    expect(colourScale(smallStudy([model("a")], []), null, false).of("a")).toBeNull();
  });
});

describe("the size of a model", () => {
  it("is an area in proportion to the value", () => {
    const { sizes } = scales(values(25, 100));
    expect(sizes.of("m1")).toBe(12);
    expect(sizes.of("m0")).toBe(6);
  });

  it("grows from the least value where some are negative, so that -5 and 5 do not look the same", () => {
    const { sizes } = scales(values(-5, 0, 5));
    const radii = ["m0", "m1", "m2"].map((id) => sizes.of(id));
    expect(radii[0]).toBe(RADIUS.least);
    expect(radii[1]!).toBeGreaterThan(radii[0]!);
    expect(radii[2]).toBe(12);
  });

  it("is plain where it means nothing: one value everywhere, no value, no metric", () => {
    expect(scales(values(7, 7)).sizes.of("m0")).toBe(RADIUS.plain);
    const { sizes } = scales([...values(1, 2), model("none")]);
    expect([sizes.has("none"), sizes.has("m0"), sizes.of("none")]).toEqual([false, true, RADIUS.plain]);
    expect(sizeScale(smallStudy([model("a")], []), null, 12).of("a")).toBe(RADIUS.plain);
  });
});
