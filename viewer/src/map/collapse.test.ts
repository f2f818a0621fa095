import { describe, expect, it } from "vitest";
import { model, smallStudy } from "../study/fixture.ts";
import { hasTimes, shownModels } from "./collapse.ts";

function pruned(id: string, parent: string, amount: unknown) {
  return { ...model(id, parent), operation: { name: "prune", parameters: { amount } } };
}

const study = smallStudy(
  [model("a"), model("b", "a"), model("c", "b"), model("d", "b"), { ...model("e", "a"), parents: ["a", "c"] }, model("r")],
  [],
);
const ids = (collapsed: readonly string[]): string[] => shownModels(study, collapsed).models.map(({ id }) => id);

describe("a collapsed model", () => {
  it("stands for everything below it", () => {
    expect(ids([])).toEqual(["a", "b", "c", "d", "e", "r"]);
    expect(ids(["b"])).toEqual(["a", "b", "e", "r"]);
    expect([...(shownModels(study, ["b"]).behind.get("b") ?? [])].sort()).toEqual(["c", "d"]);
  });

  it("hides others that are collapsed, which are collapsed still when it is not", () => {
    const { behind } = shownModels(study, ["b", "a"]);
    expect([...behind.keys()]).toEqual(["a"]);
    expect([...(behind.get("a") ?? [])].sort()).toEqual(["b", "c", "d", "e"]);
  });

  it("is where links from hidden second parents begin", () => {
    expect(shownModels(study, ["b"]).models.find(({ id }) => id === "e")?.parents).toEqual(["a", "b"]);
  });

  it("is none without children, and ids of other studies are ignored", () => {
    expect(shownModels(study, ["r", "c", "gone"]).behind.size).toBe(0);
    expect(ids(["r", "c", "gone"])).toHaveLength(6);
  });
});

describe("shown models", () => {
  it("stand in the order of their parameters, numbers by size", () => {
    const values = [0.9, "magnitude", 0.25, 10, 0.5];
    const siblings = smallStudy([model("a"), ...values.map((value, index) => pruned(`p${index}`, "a", value))], []);
    expect(shownModels(siblings, []).models.map(({ id }) => id)).toEqual(["a", "p2", "p4", "p0", "p3", "p1"]);
  });
});

describe("a study", () => {
  it("has times when it names two moments", () => {
    const made = (...created: string[]): boolean =>
      hasTimes(smallStudy(created.map((text, index) => ({ ...model(`m${index}`), created: text })), []));
    expect(made("2026-01-01", "2026-01-02", "")).toBe(true);
    expect(made("2026-01-01", "2026-01-01")).toBe(false);
    expect(made("yesterday", "today")).toBe(false);
    expect(made()).toBe(false);
  });
});
