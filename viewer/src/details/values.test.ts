import { describe, expect, it } from "vitest";
import type { Variable } from "../engine/answers.gen.ts";
import { sidesOf, spellPlace } from "./values.ts";

describe("values of variables", () => {
  it("are spelled as what they are: a step that is there or not, a parameter that has no value", () => {
    const variable = (kind: Variable["kind"], ...values: readonly unknown[]) => ({ kind, values }) as unknown as Variable;
    expect([0, 1].map((place) => spellPlace(variable("presence", false, true), place))).toEqual(["no", "yes"]);
    expect([0, 1, 2].map((place) => spellPlace(variable("parameter", null, 0.5, "all"), place))).toEqual(["–", "0.5", "all"]);
  });
});

describe("edits of recipes", () => {
  it("mark the parameters that differ, on both sides", () => {
    const edit = { kind: "changed", operation: "prune", before: { amount: 0.5, scope: "all" }, after: { amount: 0.7, scope: "all", seed: 1 } } as const;
    expect(sidesOf(edit)).toEqual([
      { text: "prune", parameters: [{ text: "amount 0.5", differs: true }, { text: "scope all", differs: false }] },
      { text: "prune", parameters: [{ text: "amount 0.7", differs: true }, { text: "scope all", differs: false }, { text: "seed 1", differs: true }] },
    ]);
  });

  it("have one side only where a step was added or removed", () => {
    expect(sidesOf({ kind: "added", operation: "train", before: null, after: { epochs: 3 } })).toEqual([
      null,
      { text: "train", parameters: [{ text: "epochs 3", differs: false }] },
    ]);
    expect(sidesOf({ kind: "removed", operation: "train", before: {}, after: null })[1]).toBeNull();
  });
});
