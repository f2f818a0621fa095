// A classifier's answer for one instance: computed here, recorded by the exporter, and how far the two agree.

import { unpacked, type PackedNumbers } from "../bundle/packed.ts";
import type { DatasetRecord, PredictionsChunk, PredictionsPart } from "../bundle/types.gen.ts";
import type { Classification } from "../engine/answers.gen.ts";
import type { Tensor } from "../engine/contract.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asBuffer, describe } from "./tensors.ts";

/** The most probable classes, most probable first. */
export interface Prediction {
  readonly labels: readonly number[];
  readonly probabilities: readonly number[];
}

export interface Agreement {
  readonly sameLabel: boolean;
  /** Largest difference of probability over the classes both lists name. */
  readonly difference: number;
}

/** In place of a class: the model's scores held a NaN. */
export const NO_CLASS = 65535;
const TOP_K = 5;
const STEPS = 65535;

export async function classify(
  python: PythonEngine,
  dataset: DatasetRecord,
  scores: Tensor,
): Promise<Prediction> {
  const request = { scores: dataset.scores, k: Math.min(TOP_K, dataset.classes.length), tensors: [describe(scores)] };
  const { result } = await python.call<readonly Classification[]>("classify", request, [asBuffer(scores)]);
  const answer = result[0];
  return {
    labels: answer?.labels[0] ?? [],
    probabilities: (answer?.probabilities[0] ?? []).map(Number),
  };
}

/** What the exporter recorded of one model: each instance has as many places as say enough. */
export interface RecordedTopK {
  /** The instance that the first of them is about. */
  readonly first: number;
  /** Where the places of an instance begin; one more than there are instances. */
  readonly starts: Uint32Array;
  readonly labels: PackedNumbers;
  readonly probabilities: PackedNumbers;
}

/** The part of a model's predictions that has an instance; null where its chunk has them all. */
export function partOf(chunk: PredictionsChunk, index: number): string | null {
  return chunk.parts[Math.floor(index / chunk.part_size)] ?? null;
}

export async function recordedTopK(
  { arrays, first }: { readonly arrays: PredictionsPart["arrays"]; readonly first?: number },
): Promise<RecordedTopK> {
  const { places, labels, probabilities } = arrays;
  if (!places || !labels || !probabilities) throw new Error("These predictions are not those of a classifier.");
  const counts = await unpacked(places);
  const starts = new Uint32Array(counts.length + 1);
  for (const [index, count] of counts.entries()) starts[index + 1] = (starts[index] ?? 0) + count;
  return { first: first ?? 0, starts, labels: await unpacked(labels), probabilities: await unpacked(probabilities) };
}

/** What the exporter recorded for an instance. */
export function exportedPrediction(recorded: RecordedTopK, index: number): Prediction {
  const place = index - recorded.first;
  const [first, last] = [recorded.starts[place] ?? 0, recorded.starts[place + 1] ?? 0];
  return {
    labels: [...recorded.labels.subarray(first, last)],
    probabilities: [...recorded.probabilities.subarray(first, last)].map((step) => step / STEPS),
  };
}

export function agreementOf(here: Prediction, exported: Prediction): Agreement {
  const recorded = new Map(exported.labels.map((label, place) => [label, exported.probabilities[place] ?? 0]));
  let difference = 0;
  for (const [place, label] of here.labels.entries()) {
    const other = recorded.get(label);
    if (other !== undefined) difference = Math.max(difference, Math.abs(other - (here.probabilities[place] ?? 0)));
  }
  return { sameLabel: here.labels[0] === exported.labels[0], difference };
}
