import { describe, expect, it } from "vitest";
import type { DatasetRecord, InputsChunk, InstancesChunk, PackedRecord, PredictionsChunk } from "../bundle/types.gen.ts";
import { inputsChunkOf, instanceOf, modelInputs, nearestWithInputs, pictureOf, spellCount } from "./instances.ts";
import { agreementOf, exportedPrediction, partOf, recordedTopK } from "./predictions.ts";

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

const chunk: InstancesChunk = {
  first: 20,
  ids: ["a", "b"],
  labels: [3, 1],
  cells: [],
  pictures: { dtype: "uint8", shape: [2, 1, 1, 2], data: toBase64(Uint8Array.of(0, 51, 102, 255)) },
};

const inputs: InputsChunk = {
  first: 20,
  stride: 10,
  arrays: { images: { dtype: "uint8", shape: [2, 1, 1, 2], data: toBase64(Uint8Array.of(0, 51, 102, 255)) } },
};

const packed = (dtype: string, shape: readonly number[], data: string): PackedRecord =>
  ({ dtype, shape, encoding: "planes+zlib", data }) as PackedRecord;

describe("instances", () => {
  it("are counted: all from the start, those of a class as far as they are loaded", () => {
    const counts = [[500, false, false], [12, true, false], [60, true, true]] as const;
    expect(counts.map(([matching, ofOneClass, complete]) => spellCount(matching, { instances: 1000 }, ofOneClass, complete))).toEqual(["1,000", "12+", "60"]);
  });

  it("are slices of their chunk", () => {
    const instance = instanceOf(chunk, 21);
    expect([instance.id, instance.label, [...(instance.picture?.values ?? [])]]).toEqual(["b", 1, [102, 255]]);
  });

  it("become model inputs rounded once to float32, as the exporter computes them", () => {
    const dataset = { inputs: [{ name: "x", array: "images", scale: 0.00392156862745098, offset: -0.5 }] } as unknown as DatasetRecord;
    const { x } = modelInputs(dataset, inputs, 20);
    expect(x?.dims).toEqual([1, 1, 1, 2]);
    expect([...(x?.data as Float32Array)]).toEqual([-0.5, Math.fround(51 * 0.00392156862745098 - 0.5)]);
    expect([...(modelInputs(dataset, inputs, 30)["x"]?.data as Float32Array)][1]).toBe(0.5);
  });

  it("have inputs in one of the chunks, every so many of them", () => {
    const dataset = { inputs_stride: 10, inputs_size: 2, inputs_chunks: ["i/0", "i/1"] } as unknown as DatasetRecord;
    expect([0, 10, 20, 30, 40, 25].map((index) => inputsChunkOf(dataset, index))).toEqual(["i/0", "i/0", "i/1", "i/1", null, null]);
    expect([25, 30].map((index) => nearestWithInputs(dataset, index))).toEqual([20, 30]);
    expect(nearestWithInputs({ ...dataset, inputs_chunks: [] }, 25)).toBeNull();
  });

  it("are pictures when they have one or three channels", () => {
    expect([...(pictureOf(instanceOf(chunk, 21).picture)?.pixels ?? [])]).toEqual([102, 102, 102, 255, 255, 255, 255, 255]);
    expect(pictureOf({ shape: [7], values: new Uint8Array(7) })).toBeNull();
  });
});

describe("predictions", () => {
  it("read the exporter's top-k of one instance", async () => {
    // Made by cc_export.bundle.chunk.compact of [1, 2], [1, 300, 4] and [65535, 13107, 0].
    const arrays = {
      places: packed("uint8", [2], "eJxjZAIAAAYABA=="),
      labels: packed("uint16", [3], "eJxj1GFhYGQAAAD6ADM="),
      probabilities: packed("uint16", [3], "eJz7b8zw35gBAApiAmU="),
    };
    const recorded = await recordedTopK({ arrays });
    expect(exportedPrediction(recorded, 0)).toEqual({ labels: [1], probabilities: [1] });
    expect(exportedPrediction(recorded, 1)).toEqual({ labels: [300, 4], probabilities: [0.2, 0] });
    const part = await recordedTopK({ arrays, first: 40 });
    expect(exportedPrediction(part, 41)).toEqual({ labels: [300, 4], probabilities: [0.2, 0] });
  });

  it("of very many instances are in the part that has the instance", () => {
    const chunk = { part_size: 8, parts: ["p/0", "p/8", "p/16"] } as unknown as PredictionsChunk;
    expect([0, 7, 8, 17].map((index) => partOf(chunk, index))).toEqual(["p/0", "p/0", "p/8", "p/16"]);
    expect(partOf({ ...chunk, parts: [] }, 3)).toBeNull();
  });

  it("agree by label and by the largest difference over the classes both name", () => {
    const here = { labels: [1, 2], probabilities: [0.6, 0.4] };
    expect(agreementOf(here, { labels: [2, 1], probabilities: [0.55, 0.45] })).toEqual({ sameLabel: false, difference: expect.closeTo(0.15, 9) });
  });
});
