import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { orderAfter, sortModels, tableRows, type Order } from "./sort.ts";

const study = smallStudy(
  [model("m10", null, { Accuracy: 0.5 }), model("m9", "m10", { Accuracy: "NaN" }), model("m2", "m10", { Accuracy: 0.9 }), model("m1", "m10")],
  [metric("Accuracy"), metric("Size", { direction: "lower" }), metric("Sparsity", { direction: null })],
);
const ids = (key: string | null, descending: boolean): string[] => sortModels(study, key, descending).map(({ id }) => id);

describe("sortModels", () => {
  it("keeps the study's order when asked for none", () => {
    expect(ids(null, true)).toEqual(["m10", "m9", "m2", "m1"]);
  });

  it("puts models without a usable value last, in both directions", () => {
    expect(ids("Accuracy", true)).toEqual(["m2", "m10", "m9", "m1"]);
    expect(ids("Accuracy", false)).toEqual(["m10", "m2", "m9", "m1"]);
  });

  it("sorts names with their numbers by value", () => {
    expect(ids("model", false)).toEqual(["m1", "m2", "m9", "m10"]);
  });
});

describe("orderAfter", () => {
  it("begins with the best, the greatest where none is better, and with A; then turns round, then ends", () => {
    for (const [key, descending] of [["Accuracy", true], ["Sparsity", true], ["Size", false], ["model", false], ["operation", false]] as const) {
      const orders: Order[] = [{ sort: "other", descending: true }];
      for (let press = 0; press < 3; press += 1) orders.push(orderAfter(study, orders.at(-1)!, key));
      expect(orders.slice(1)).toEqual([{ sort: key, descending }, { sort: key, descending: !descending }, { sort: null, descending: false }]);
    }
  });
});

describe("tableRows", () => {
  it("puts models that filters hide last, in the same order", () => {
    expect(tableRows(study.models, new Set(["m9", "m1"])).map(({ id }) => id)).toEqual(["m9", "m1", "m10", "m2"]);
  });
});
