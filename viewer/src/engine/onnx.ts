// ONNX models in the page: onnxruntime-web, in a worker.
import type { Bundle } from "../bundle/load.ts";
import workerText from "virtual:worker-text/onnx.worker.ts";
import { EngineClient } from "./client.ts";
import { WorkerFault, type Connection } from "./connection.ts";
import { ONNX_ASSETS, type OnnxAnswer, type OnnxQuestion, type OnnxRun, type Tensor } from "./contract.ts";
import { EngineError } from "./engineError.ts";
import { sendAsset } from "./sendAsset.ts";
import { startEngine, type Recipe } from "./startEngine.ts";
import { observable, type EngineStatus, type Observable } from "./status.ts";

export interface RunRequest extends Omit<OnnxRun, "expose"> {
  /** Names of intermediate tensors to make available as outputs besides the model's own. */
  readonly expose?: readonly string[] | undefined;
  /** How to name the model to the reader; its asset id when absent. */
  readonly label?: string | undefined;
}

export interface RunResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Time of the run itself, without loading the model or making the session. */
  readonly milliseconds: number;
}

export interface OnnxEngine {
  /** "loading" while the runtime or a model loads. */
  readonly status: Observable<EngineStatus>;
  /** Starts the runtime before it is needed. */
  warm(): Promise<void>;
  /**
   * Runs a model once.
   * @throws EngineError for what onnxruntime refuses; BundleError when the model is not in the bundle or damaged
   */
  run(request: RunRequest, options?: { signal?: AbortSignal }): Promise<RunResult>;
  /** Frees a model's memory; the next run loads it again. */
  release(model: string): Promise<void>;
  /** Cancels everything: loading, starting, running. */
  stop(): void;
}

type OnnxConnection = Connection<OnnxQuestion, OnnxAnswer>;

const RECIPE: Recipe<OnnxQuestion> = {
  name: "ONNX Runtime",
  loading: "ONNX Runtime",
  library: "runtime/onnxruntime.js",
  prelude: "",
  workerText,
  assets: Object.values(ONNX_ASSETS),
  start: () => ({ kind: "start" }),
};

export function createOnnx(bundle: Bundle): OnnxEngine {
  const status = observable<EngineStatus>({ state: "idle" });
  const client = new EngineClient<OnnxQuestion, OnnxAnswer>((signal) => startEngine(bundle, RECIPE, status.set, signal));
  return {
    status,
    warm: () => client.warm(),
    stop: () => client.stop(new DOMException("ONNX Runtime was stopped.", "AbortError")),
    run: (request, { signal } = {}) => client.run((connection) => run(bundle, connection, request, status, signal), signal),
    // Nothing to free where nothing runs; starting the runtime for it would be absurd.
    release: async (model) => {
      if (status.get().state === "ready") await client.run((connection) => connection.ask({ kind: "release", model }));
    },
  };
}

async function run(
  bundle: Bundle,
  connection: OnnxConnection,
  { model, label = model, expose = [], feeds, fetch }: RunRequest,
  status: { get(): EngineStatus; set(value: EngineStatus): void },
  signal: AbortSignal | undefined,
): Promise<RunResult> {
  const question: OnnxQuestion = { kind: "run", model, expose, feeds, fetch };
  try {
    let answer = await connection.ask(question);
    if (answer && "missing" in answer) {
      await handOver(bundle, connection, model, label, status, signal);
      answer = await connection.ask(question);
    }
    if (!answer || !("outputs" in answer)) throw new Error(`the worker lost the model ${model} right after it was handed over`);
    return answer;
  } catch (error) {
    if (error instanceof WorkerFault) throw new EngineError("The model could not be run in the page.", label, error.wire);
    throw error;
  }
}

async function handOver(
  bundle: Bundle,
  connection: OnnxConnection,
  model: string,
  label: string,
  status: { get(): EngineStatus; set(value: EngineStatus): void },
  signal: AbortSignal | undefined,
): Promise<void> {
  const ready = status.get();
  try {
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => status.set({ state: "loading", asset: label, loaded, total });
    await (await sendAsset(bundle, model, Promise.resolve(connection), { onProgress, signal })).decoded;
  } finally {
    // Stopping the worker in the meantime has set "idle", which is to stay.
    if (!connection.closed) status.set(ready);
  }
}
