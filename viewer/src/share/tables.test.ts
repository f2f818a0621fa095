import { describe, expect, it } from "vitest";
import type { Explanation } from "../engine/answers.gen.ts";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { differenceRows, modelRows } from "./tables.ts";

const study = smallStudy(
  [
    model("dense", null, { Accuracy: 0.912345678901, Size: 100 }),
    { ...model("p,50", "dense", { Accuracy: "NaN", Size: 50 }), operation: { name: "prune", parameters: { amount: 0.5, scope: "all" } } },
  ],
  [metric("Accuracy"), metric("Size", { unit: "B" }), metric("Loss")],
);

describe("tables to be saved", () => {
  it("hold every model in the order given, with unrounded values and empty cells for missing ones", () => {
    expect(modelRows(study, [...study.models].reverse(), new Set(["dense"]), new Set(["p,50"]))).toEqual([
      ["model", "parents", "operation", "parameters", "tag", "selected", "passes filters", "Accuracy", "Size [B]", "Loss"],
      ["p,50", "dense", "prune", "amount 0.5, scope all", "", "no", "yes", Number.NaN, 50, null],
      ["dense", "", "train", "", "", "yes", "no", 0.912345678901, 100, null],
    ]);
  });

  it("hold what differs, and how far each metric is from the base's", () => {
    const explanation = {
      models: ["dense", "p,50"],
      variables: [
        { label: "prune", values: [false, true], model_values: [0, 1] },
        { label: "prune · amount", values: [null, 0.5], model_values: [0, 1] },
      ],
    } as unknown as Explanation;
    expect(differenceRows(study, explanation, "dense")).toEqual([
      ["model", "prune", "prune · amount", "Accuracy", "Size [B]", "Loss", "Accuracy minus dense", "Size [B] minus dense", "Loss minus dense"],
      ["dense", "false", null, 0.912345678901, 100, null, 0, 0, null],
      ["p,50", "true", 0.5, Number.NaN, 50, null, null, -50, null],
    ]);
    expect(differenceRows(study, explanation, null)[1]).toEqual(["dense", "false", null, 0.912345678901, 100, null]);
  });
});
