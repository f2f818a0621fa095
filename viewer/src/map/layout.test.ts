import { describe, expect, it } from "vitest";
import { layoutByOperation, type LayoutModel } from "./layout";

/** "a:train b:a:prune" as models: id, parent (none for a root), operation. */
function forest(text: string): LayoutModel[] {
  return text.split(" ").map((part) => {
    const [id = "", second = "", third] = part.split(":");
    return third === undefined
      ? { id, parent: null, operation: second || null }
      : { id, parent: second, operation: third };
  });
}

function randomForest(seed: number, count: number): LayoutModel[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % below;
  };
  const operations = ["train", "prune", "quantize", "calibrate"];
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    parent: index === 0 || random(10) === 0 ? null : `m${random(index)}`,
    operation: operations[random(4)] ?? null,
  }));
}

describe("layoutByOperation", () => {
  it("puts equal operations into one column, in the order of the chains", () => {
    const layout = layoutByOperation(forest("a:train b:a:prune c:b:train d:a:quantize e:c:quantize"));
    expect(layout.columns.map((column) => column.label)).toEqual([
      "train",
      "prune",
      "train (2)",
      "quantize",
    ]);
    expect(layout.places.get("d")?.column).toBe(layout.places.get("e")?.column);
  });

  it("gives an operation a further column when chains use it in opposite orders", () => {
    const layout = layoutByOperation(forest("a:train b:a:prune c:b:quantize d:a:quantize e:d:prune"));
    expect(layout.columns).toHaveLength(4);
    expect(layout.places.get("e")?.column).toBeGreaterThan(layout.places.get("d")?.column ?? 9);
  });

  it("places a root without an operation in the base column", () => {
    expect(layoutByOperation(forest("a: b:a:prune")).columns[0]?.label).toBe("base model");
  });

  it("keeps children right of parents and no two models on one place, for random forests", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const models = randomForest(seed, 5 + seed * 3);
      const { places, columns } = layoutByOperation(models);
      const taken = new Set<string>();
      for (const model of models) {
        const place = places.get(model.id);
        if (!place) throw new Error(`${model.id} has no place`);
        expect(taken.has(`${place.column} ${place.row}`)).toBe(false);
        taken.add(`${place.column} ${place.row}`);
        expect(columns[place.column]?.operation).toBe(model.operation);
        const parent = model.parent === null ? undefined : places.get(model.parent);
        if (parent) expect(place.column).toBeGreaterThan(parent.column);
      }
    }
  });

  it("lays out a chain of 2,000 models without running out of stack", () => {
    const models = Array.from({ length: 2000 }, (_, index) => ({
      id: `m${index}`,
      parent: index === 0 ? null : `m${index - 1}`,
      operation: index % 2 ? "train" : "prune",
    }));
    expect(layoutByOperation(models).columns).toHaveLength(2000);
  });
});
