import { describe, expect, it } from "vitest";
import type { Chart } from "../engine/answers.gen.ts";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { barsOf, slotsOf } from "./bars.ts";

const ACCURACY = metric("Accuracy");
const study = smallStudy(
  [model("a", null, { Accuracy: 0.5 }), model("b", null, { Accuracy: 0.7 }), model("c", null, { Accuracy: "NaN" }), model("d", null, { Accuracy: -0.1 })],
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

  it("gives every model a place of its own, and keeps the place of a missing colour empty", () => {
    const slots = slotsOf(barsOf(study, chart, ACCURACY), 2, 220);
    expect(slots.flatMap(({ bar }) => bar.models)).toEqual(["a", "b", "c", "d"]);
    const edges = slots.map(({ x, width }) => [x, x + width] as const);
    for (const [index, [start]] of edges.entries()) expect(start).toBeGreaterThanOrEqual(edges[index - 1]?.[1] ?? 0);
    expect(slots[2]?.x).toBeGreaterThan(110 + (slots[2]?.width ?? 0));
  });
});
