import { describe, expect, it, vi } from "vitest";
import type { InputsChunk, InstancesChunk } from "../bundle/types.gen.ts";
import type { Bundle } from "../bundle/load.ts";
import { model, smallStudy } from "../study/fixture.ts";
import { RunState, type RunContext } from "./run.svelte.ts";

const CHUNK: InstancesChunk = {
  first: 0,
  ids: ["a"],
  labels: [1],
  cells: [],
  pictures: null,
};
const INPUTS: InputsChunk = { first: 0, stride: 1, arrays: { x: { dtype: "uint8", shape: [1, 1], data: btoa("\u0001") } } };
const DATASET = { chunk_size: 1, chunks: ["data/instances/0000"], inputs_stride: 1, inputs_size: 1, inputs_chunks: ["data/inputs/0000"], inputs: [{ name: "x", array: "x", scale: 1, offset: 0 }], output: null };

/** A page with one model and one instance; the model answers when it is told to. */
function page() {
  const study = smallStudy([{ ...model("m"), onnx: "models/m" } as ReturnType<typeof model>], []);
  Object.assign(study.manifest, { dataset: DATASET });
  const answers: (() => void)[] = [];
  const onnx = {
    status: { get: () => ({ state: "ready" }) },
    run: () => new Promise((resolve) => answers.push(() => resolve({ outputs: { y: { type: "float32", dims: [1, 2], data: new Float32Array(2) } }, milliseconds: 1 }))),
  };
  const python = { status: { get: () => ({ state: "ready" }) }, call: async () => ({ result: [{ labels: [[1]], probabilities: [[0.5]] }] }) };
  const context = { bundle: {} as Bundle, study, onnx, python, view: { instance: 0, activation: null }, compared: ["m"] };
  const run = new RunState(context as unknown as RunContext);
  run.chunks = new Map([[0, CHUNK]]);
  run.inputs.set("data/inputs/0000", Promise.resolve(INPUTS));
  const asked = () => vi.waitFor(() => expect(answers).toHaveLength(1));
  const answer = async () => {
    await asked();
    answers.pop()!();
  };
  return { context, run, asked, answer };
}

describe("running models in the page", () => {
  it.each([
    ["instance", { view: { instance: null, activation: null } }],
    ["model", { compared: [] }],
  ])("forgets its results once no %s is chosen, and runs again for the same choice", async (_, change) => {
    const { context, run, answer } = page();
    const before = { ...context };
    run.start();
    await answer();
    await vi.waitFor(() => expect([run.ran, run.results.map(({ id }) => id), run.busy]).toEqual([0, ["m"], false]));
    Object.assign(context, change);
    run.viewChanged();
    expect([run.ran, run.results, run.busy]).toEqual([null, [], false]);
    Object.assign(context, before);
    run.viewChanged();
    await answer();
    await vi.waitFor(() => expect(run.results).toHaveLength(1));
  });

  it("lets an answer land nowhere that comes after its question was withdrawn", async () => {
    const { context, run, asked, answer } = page();
    run.start();
    await asked();
    context.compared = [];
    run.viewChanged();
    await answer();
    await new Promise((resolve) => setTimeout(resolve));
    expect([run.ran, run.results, run.busy]).toEqual([null, [], false]);
  });
});
