// Python in the page: cc_core, on numpy, on Pyodide, in a worker.
import type { Bundle } from "../bundle/load.ts";
import workerText from "virtual:worker-text/python.worker.ts";
import { EngineClient } from "./client.ts";
import { WorkerFault, type Connection } from "./connection.ts";
import { PYTHON_ASSETS, type PythonAnswer, type PythonQuestion } from "./contract.ts";
import { EngineError } from "./engineError.ts";
import { startEngine, type Recipe } from "./startEngine.ts";
import { observable, type EngineStatus, type Observable } from "./status.ts";

export interface PythonResult<R> {
  readonly result: R;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
}

export interface PythonEngine {
  readonly status: Observable<EngineStatus>;
  /** Starts Python before it is needed. */
  warm(): Promise<void>;
  /**
   * `cc_core.api.dispatch(name, request, buffers)`.
   * @param request anything JSON can hold
   * @param buffers raw numbers, which Python sees as memoryviews of bytes
   * @param options `signal` cancels: a computation under way is stopped by replacing the worker
   * @throws EngineError with `kind` "CoreError" for a request cc_core refuses; BundleError when a file of the runtime is damaged
   */
  call<R>(name: string, request: unknown, buffers?: readonly ArrayBufferView[], options?: { signal?: AbortSignal }): Promise<PythonResult<R>>;
  /** Cancels everything: loading, starting, running. */
  stop(): void;
}

const RECIPE: Recipe<PythonQuestion> = {
  name: "Python",
  loading: "Python and numpy",
  library: "runtime/pyodide.js",
  // Pyodide refuses classic workers, which it knows by importScripts; a file:// page has no others.
  prelude: "self.importScripts = undefined;",
  workerText,
  assets: Object.values(PYTHON_ASSETS),
  start: ({ lock }) => ({ kind: "start", lock: JSON.stringify(lock) }),
};

export function createPython(bundle: Bundle): PythonEngine {
  const status = observable<EngineStatus>({ state: "idle" });
  const client = new EngineClient<PythonQuestion, PythonAnswer>((signal) => startEngine(bundle, RECIPE, status.set, signal));
  return {
    status,
    warm: () => client.warm(),
    stop: () => client.stop(new DOMException("Python was stopped.", "AbortError")),
    call: (name, request, buffers = [], { signal } = {}) =>
      client.run((connection) => call(connection, name, JSON.stringify(request), buffers), signal),
  };
}

async function call<R>(
  connection: Connection<PythonQuestion, PythonAnswer>,
  name: string,
  request: string,
  buffers: readonly ArrayBufferView[],
): Promise<PythonResult<R>> {
  try {
    const answer = await connection.ask({ kind: "call", name, request, buffers });
    return { result: JSON.parse(answer!.result) as R, buffers: answer!.buffers };
  } catch (error) {
    if (error instanceof WorkerFault) throw new EngineError("The computation in Python failed.", `cc_core: ${name}`, error.wire);
    throw error;
  }
}
