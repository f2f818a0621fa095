// What the page and its two workers say to each other: every message type, in one place. The entries under workers/ and the
// façades beside this file are written against these types only.
import type { AssetHead } from "../bundle/decode.ts";

/** A question and its answer carry the same id. */
export interface Question<Body> {
  readonly id: number;
  readonly body: Body;
}

export type Answer<Result> =
  | { readonly id: number; readonly ok: true; readonly result: Result }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

/** An error as it crosses from a worker. */
export interface WireError {
  /** The class of the error, such as "CoreError", "ValueError" or "RuntimeError". */
  readonly name: string;
  readonly message: string;
  /** Traceback or stack, for those who want it. */
  readonly detail: string;
  /** True when the worker cannot go on and must be replaced. */
  readonly fatal: boolean;
}

/**
 * A part of an asset: the parts of one asset come in order, those of several assets may alternate. Answered when the part is taken in,
 * and for the last one when the asset is decoded.
 */
export interface AssetPart {
  readonly kind: "part";
  readonly head: AssetHead;
  /** Base64. */
  readonly text: string;
  readonly first: boolean;
  readonly last: boolean;
}

/* ---- Python ---- */

/** The files Pyodide starts from besides its script, in the order in which the worker needs them. */
export const PYTHON_ASSETS = {
  wasm: "runtime/pyodide.asm.wasm",
  stdlib: "runtime/python_stdlib.zip",
  numpy: "runtime/numpy.zip",
  core: "runtime/cc_core.zip",
} as const;

export type PythonQuestion =
  /** Sent first; answered when Python, numpy and cc_core are ready, which takes all the assets. */
  | { readonly kind: "start"; readonly lock: string }
  | AssetPart
  /** `cc_core.api.dispatch(name, request, buffers)`. */
  | { readonly kind: "call"; readonly name: string; readonly request: string; readonly buffers: readonly ArrayBufferView[] };

/** The answer to "call"; null to the others. */
export type PythonAnswer = { readonly result: string; readonly buffers: readonly Uint8Array<ArrayBuffer>[] } | null;

/* ---- ONNX ---- */

/** The files onnxruntime-web starts from besides its script. */
export const ONNX_ASSETS = { wasm: "runtime/onnxruntime.wasm" } as const;

export type TensorType =
  | "float32" | "float64" | "float16" | "int64" | "uint64" | "int32" | "uint32" | "int16" | "uint16" | "int8" | "uint8" | "bool" | "string";

/** float16 travels as its bits in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
export type TensorData =
  | Float32Array | Float64Array | BigInt64Array | BigUint64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array
  | readonly string[];

export interface Tensor {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export interface OnnxRun {
  /** Asset id of the model, such as "data/onnx/<sha256>". */
  readonly model: string;
  /** Names of intermediate tensors to make available as outputs besides the model's own. */
  readonly expose: readonly string[];
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Outputs to compute; all of them when absent. */
  readonly fetch?: readonly string[] | undefined;
}

export type OnnxQuestion =
  | { readonly kind: "start" }
  /** Of the runtime, or of a model; the worker keeps as many models as fit its memory. */
  | AssetPart
  | ({ readonly kind: "run" } & OnnxRun)
  | { readonly kind: "release"; readonly model: string };

export type OnnxAnswer =
  | { readonly outputs: Readonly<Record<string, Tensor>>; readonly milliseconds: number }
  /** The worker does not hold the model (any more): hand it over and ask again. */
  | { readonly missing: string }
  | null;
