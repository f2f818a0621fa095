// Activations of one layer in several models: which layers there are to choose from, and their distributions.

import type { LayersChunk } from "../bundle/types.gen.ts";
import type { Distributions } from "../engine/answers.gen.ts";
import type { Tensor } from "../engine/contract.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asBuffer, describe } from "./tensors.ts";

export interface ActivationChoice {
  readonly tensor: string;
  readonly layer: string;
  readonly operator: string;
  /** How many of the compared models have it. */
  readonly models: number;
}

/** The tensors of the first model (the base), each with how many of the others have it too. */
export function commonActivations(layers: readonly (LayersChunk | null)[]): ActivationChoice[] {
  const [base] = layers.filter((chunk) => chunk !== null);
  const owned = layers.map((chunk) => new Set(chunk?.activations.map((known) => known.tensor) ?? []));
  return (base?.activations ?? []).map(({ tensor, layer, operator }) => ({
    tensor,
    layer,
    operator,
    models: owned.filter((names) => names.has(tensor)).length,
  }));
}

/** Statistics and histograms on a common range, each compared with the first. */
export async function distributions(python: PythonEngine, tensors: readonly Tensor[]): Promise<Distributions> {
  const request = { bins: 48, tensors: tensors.map(describe) };
  return (await python.call<Distributions>("distributions", request, tensors.map(asBuffer))).result;
}
