// The part of onnxruntime-web that the worker uses; runtime/onnxruntime.js stands before it in the same Blob and defines
// `ort`.

declare namespace ort {
  interface Tensor {
    readonly type: string;
    readonly dims: readonly number[];
    readonly data: unknown;
  }

  interface InferenceSession {
    readonly inputMetadata: readonly { readonly name: string; readonly type: string; readonly shape: readonly (number | string)[] }[];
    readonly outputNames: readonly string[];
    run(feeds: Record<string, Tensor>, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
    release(): Promise<void>;
  }
}

declare const ort: {
  readonly env: {
    logLevel: string;
    readonly wasm: { numThreads: number; proxy: boolean; wasmPaths: { mjs: string; wasm: string } };
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => ort.Tensor;
  readonly InferenceSession: { create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<ort.InferenceSession> };
};
