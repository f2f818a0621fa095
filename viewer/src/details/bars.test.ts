import { describe, expect, it } from "vitest";
import type { Chart } from "../engine/answers.gen.ts";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { barsOf, slotsOf, spellBar } from "./bars.ts";

const ACCURACY = metric("Accuracy");
const study = smallStudy(
  [model("a", null, { Accuracy: 0.5 }), model("b", null, { Accuracy: 0.7 }), model("c", null, { Accuracy: "NaN" }), model("d", null, { Accuracy: -0.1 }), model("e")],
  [ACCURACY],
);
const chart: Chart = {
  x: { label: "amount", kind: "number", values: ["0.5", "0.9"], variables: ["amount"] },
  colour: { label: "tuned", kind: "category", values: ["no", "yes"], variables: ["tuned"] },
  facet: null,
  marks: [
    { x: 0, colour: 0, facet: 0, models: ["a", "b"] },
    { x: 0, colour: 1, facet: 0, models: ["c"] },
    { x: 1, colour: 1, facet: 0, models: ["d"] },
  ],
};

describe("barsOf", () => {
  it("shows repeats as their mean and range, and a value that is none as a gap", () => {
    const { groups, domain } = barsOf(study, chart, ACCURACY);
    expect(groups.map((group) => group.bars.map(({ value, low, high }) => [value, low, high]))).toEqual([
      [[expect.closeTo(0.6, 9), 0.5, 0.7], [null, 0, 0]],
      [[-0.1, -0.1, -0.1]],
    ]);
    expect(domain).toEqual([-0.1, 0.7]);
  });

  it("reaches as far as the line of the base, above and below, and not to one that is no number", () => {
    expect([-0.4, 0.9, Number.NaN, null].map((base) => barsOf(study, chart, ACCURACY, base).domain)).toEqual([
      [-0.4, 0.7], [-0.1, 0.9], [-0.1, 0.7], [-0.1, 0.7],
    ]);
  });

  it("counts the models that have a value, and says what the others have instead", () => {
    const told = (...models: string[]): (string | undefined)[] =>
      barsOf(study, { ...chart, marks: [{ x: 0, colour: 0, facet: 0, models }] }, ACCURACY).groups[0]!.bars.map((bar) => spellBar(ACCURACY, bar));
    expect(told("a")).toEqual(["a: 0.5"]);
    expect(told("a", "b")).toEqual(["a, b: 0.6 (mean of 2, 0.5 to 0.7)"]);
    expect(told("a", "c")).toEqual(["a, c: 0.5 (value of 1 of 2; else NaN)"]);
    expect(told("a", "b", "c", "e")).toEqual(["a, b, c, e: 0.6 (mean of 2 of 4, 0.5 to 0.7; else NaN, no value)"]);
    expect(told("c")).toEqual(["c: NaN"]);
    expect(told("e")).toEqual(["e: no value"]);
  });

  it("gives every model a place of its own, and keeps the place of a missing colour empty", () => {
    const slots = slotsOf(barsOf(study, chart, ACCURACY), 2, 220);
    expect(slots.flatMap(({ bar }) => bar.models)).toEqual(["a", "b", "c", "d"]);
    const edges = slots.map(({ x, width }) => [x, x + width] as const);
    for (const [index, [start]] of edges.entries()) expect(start).toBeGreaterThanOrEqual(edges[index - 1]?.[1] ?? 0);
    expect(slots[2]?.x).toBeGreaterThan(110 + (slots[2]?.width ?? 0));
  });
});
