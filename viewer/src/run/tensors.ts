// Tensors on their way from onnxruntime to Python.

import type { Tensor } from "../engine/contract.ts";

/** The description that cc_core.api wants beside a buffer. */
export function describe(tensor: Tensor): { dtype: string; shape: readonly number[] } {
  return { dtype: tensor.type, shape: tensor.dims };
}

/** A tensor's numbers as they are. */
export function asBuffer(tensor: Tensor): ArrayBufferView {
  if (!ArrayBuffer.isView(tensor.data)) throw new Error("A tensor of texts has no numbers to compare.");
  return tensor.data;
}
