import { describe, expect, it } from "vitest";
import { crossingsOf } from "./crossings.ts";
import { randomForest, recipeStudy } from "./generate.ts";
import { curvesOf, layoutByOperation, layoutByStep, layoutOf, type Arrangement, type LayoutModel } from "./layout.ts";
import type { Layout } from "./places.ts";

/** "a:train b:a:prune c:b+a:merge" as models: id, parents (none for a root), operation. */
function forest(text: string): LayoutModel[] {
  return text.split(" ").map((part) => {
    const [id = "", second = "", third] = part.split(":");
    const [parents, operation] = third === undefined ? [[], second] : [second.split("+"), third];
    return { id, parents, operation: operation || null, created: null };
  });
}

const labels = (layout: Layout): string[] => layout.columns.map((column) => column.label);
const column = (layout: Layout, id: string): number => layout.places.get(id)?.column ?? NaN;
const ARRANGEMENTS: readonly Arrangement[] = ["operation", "step", "time"];

function crossings({ links, places }: Layout, only: (order: number) => boolean = () => true): number {
  const columnOf = new Map([...places].map(([id, place]) => [id, place.column]));
  const rowOf = new Map([...places].map(([id, place]) => [id, place.row]));
  return crossingsOf(curvesOf(links.filter(({ order }) => only(order)), columnOf, rowOf));
}

/** What every map promises: each model has one place, at least a row away from any other of its column. */
function check(models: readonly LayoutModel[], layout: Layout): void {
  expect([...layout.places.keys()].sort()).toEqual(models.map(({ id }) => id).sort());
  const columns = new Map<number, number[]>();
  for (const { column: at, row } of layout.places.values()) {
    expect(at).toBeGreaterThanOrEqual(0);
    expect(at).toBeLessThan(layout.span);
    expect(row).toBeGreaterThanOrEqual(-1e-9);
    expect(row).toBeLessThanOrEqual(layout.rows - 1 + 1e-9);
    columns.set(at, [...(columns.get(at) ?? []), row]);
  }
  for (const rows of columns.values()) {
    rows.sort((a, b) => a - b);
    for (let index = 1; index < rows.length; index += 1) expect(rows[index]! - rows[index - 1]!).toBeGreaterThanOrEqual(1 - 1e-9);
  }
}

describe("a map by operation", () => {
  it("puts equal operations into one column, in the order of the chains", () => {
    const layout = layoutByOperation(forest("a:train b:a:prune c:b:train d:a:quantize e:c:quantize"));
    expect(labels(layout)).toEqual(["train", "prune", "train (2)", "quantize"]);
    expect(column(layout, "d")).toBe(column(layout, "e"));
  });

  it("gives an operation a further column when chains use it in opposite orders", () => {
    const layout = layoutByOperation(forest("a:train b:a:prune c:b:quantize d:a:quantize e:d:prune"));
    expect(layout.columns).toHaveLength(4);
    expect(column(layout, "e")).toBeGreaterThan(column(layout, "d"));
  });

  it("says of models without an operation what they are: roots, merged, or not told of", () => {
    expect(labels(layoutByOperation(forest("a: b:a:prune")))[0]).toBe("base model");
    expect(labels(layoutByOperation(forest("a: b:a: c:a+b:")))).toEqual(["base model", "not stated", "merge"]);
  });

  it("gives each operation one column when there is an order that every chain shares", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      // Chains that use the operations in the order of the alphabet, some of them skipped.
      const names = ["a", "b", "c", "d", "e", "f"];
      const rank = new Map<string, number>();
      const models = randomForest(seed, 60).map((model) => {
        const after = Math.max(-1, ...model.parents.map((id) => rank.get(id) ?? 0));
        const parents = after >= names.length - 1 ? [] : model.parents;
        const at = parents.length === 0 ? 0 : after + 1 + ((seed + model.id.length) % (names.length - 1 - after));
        rank.set(model.id, at);
        return { ...model, parents, operation: names[at] ?? null };
      });
      expect(new Set(labels(layoutByOperation(models))).size).toBe(new Set(models.map(({ operation }) => operation)).size);
    }
  });

  it("names every column by the operation of the models in it", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const models = randomForest(seed, 80);
      const layout = layoutByOperation(models);
      for (const model of models) {
        expect(labels(layout)[column(layout, model.id)]?.replace(/ \(\d+\)$/, "")).toBe(model.operation ?? "base model");
      }
    }
  });
});

describe("a map by step", () => {
  it("stands a model as many columns from its root as there are operations between", () => {
    const layout = layoutByStep(forest("a:train b:a:prune c:b:train d:a:quantize r:"));
    expect(labels(layout)).toEqual(["root", "step 1", "step 2"]);
    expect(["a", "b", "c", "d", "r"].map((id) => column(layout, id))).toEqual([0, 1, 2, 1, 0]);
  });

  it("stands a model of several parents right of them all", () => {
    const layout = layoutByStep(forest("a: b:a:prune c:b:train r: m:r+c:distill"));
    expect(column(layout, "m")).toBe(3);
  });
});

describe.each(ARRANGEMENTS)("any map, by %s", (arrangement) => {
  it("gives every model a place of its own, children right of all their parents", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const models = randomForest(seed, 5 + seed * 3);
      const layout = layoutOf(arrangement, models);
      check(models, layout);
      if (arrangement === "time") continue;
      for (const { parent, child } of layout.links) expect(column(layout, child)).toBeGreaterThan(column(layout, parent));
    }
  });

  it("draws every link to every parent once", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const models = randomForest(seed, 100, { merged: 3 });
      const wanted = models.flatMap(({ id, parents }) => parents.map((parent) => `${parent} ${id}`));
      expect(layoutOf(arrangement, models).links.map(({ parent, child }) => `${parent} ${child}`).sort()).toEqual(wanted.sort());
    }
  });

  it("is the same for the same models", () => {
    const models = randomForest(5, 200);
    expect(layoutOf(arrangement, models)).toEqual(layoutOf(arrangement, structuredClone(models)));
  });

  it("places no model, one model, many roots, a circle and a link to nothing", () => {
    check([], layoutOf(arrangement, []));
    expect(layoutOf(arrangement, []).rows).toBe(0);
    for (const text of ["a:", "a: b: c: d: e:", "a:b:x b:a:y c:b:z", "a:gone:prune", "a:a:prune"]) {
      const models = forest(text);
      check(models, layoutOf(arrangement, models));
    }
  });

  it("keeps 2,000 models apart: random, in one chain, and all of one parent", () => {
    const chain = Array.from({ length: 2000 }, (_, index) => `m${index}:${index ? `m${index - 1}:` : ""}${index % 2 ? "train" : "prune"}`);
    const star = Array.from({ length: 2000 }, (_, index) => (index === 0 ? "m0:" : `m${index}:m0:prune`));
    for (const models of [randomForest(1, 2000), forest(chain.join(" ")), forest(star.join(" "))]) check(models, layoutOf(arrangement, models));
  });
});

describe.each([layoutByOperation, layoutByStep])("links to first parents, by %o", (layoutBy) => {
  it("never cross one another", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      expect(crossings(layoutBy(randomForest(seed, 30 + seed * 5, { depth: 12 })), (order) => order === 0)).toBe(0);
    }
  });

  it("run level, so that a chain is a straight line", () => {
    const rows = [...layoutBy(forest("a:train b:a:prune c:b:train d:c:quantize")).places.values()].map(({ row }) => row);
    expect(new Set(rows).size).toBe(1);
  });
});

describe("links to second parents", () => {
  it("pull families next to one another", () => {
    // In the order of the study, the link from d would cross that from c.
    const layout = layoutByOperation(forest("a:train c:train d:train e:c:merge m:a+d:merge"));
    expect(crossings(layout)).toBe(0);
  });

  it("make the layout of recipes on several bases no slower than others", () => {
    check(recipeStudy(500), layoutByOperation(recipeStudy(500)));
  });
});
