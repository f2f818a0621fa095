// Generated studies are what tests and benchmarks take them for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generatedStudy } from "./studies.mjs";

describe("a generated study", () => {
  for (const count of [1, 2, 52, 300, 1000, 2000]) {
    const { models } = generatedStudy(count);
    const byId = new Map(models.map((model) => [model.id, model]));
    const parentsOf = (model) => model.parents ?? (model.base ? [model.base] : []);

    it(`of ${count} has that many models of as many names, each after its parents in the file and in time`, () => {
      assert.equal(byId.size, count);
      const seen = new Set();
      for (const model of models) {
        for (const parent of parentsOf(model)) {
          assert.ok(seen.has(parent), `${model.id} before its parent`);
          assert.ok(model.created > byId.get(parent).created, `${model.id} older than its parent`);
        }
        seen.add(model.id);
      }
    });
  }

  it("is the same for the same seed and another for another", () => {
    assert.deepEqual(generatedStudy(100), generatedStudy(100));
    assert.notDeepEqual(generatedStudy(100, { seed: 2 }).models, generatedStudy(100).models);
  });

  it("has models of several parents, missing values, repeated operations and several bases", () => {
    const { models } = generatedStudy(300);
    assert.ok(models.some((model) => model.parents?.length === 2));
    assert.ok(models.some((model) => !("Energy" in model.metrics)) && models.some((model) => "Energy" in model.metrics));
    assert.ok(models.filter((model) => !model.base && !model.parents).length > 2);
    const operations = new Set(models.map((model) => model.operation.name));
    assert.deepEqual([...operations].sort(), ["calibrate", "distill", "prune", "quantize", "train"]);
  });
});
