// The worker's end of the contract: questions in, answers out, errors as answers.
import type { Answer, Question, WireError } from "../engine/contract.ts";

/** An error whose parts are known better than a JavaScript error can say. */
export class Fault extends Error {
  constructor(readonly wire: WireError) {
    super(wire.message);
  }
}

/**
 * @param answer makes the result of one question
 * @param transfer the buffers of a result that may leave the worker instead of being copied
 */
export function serve<Body, Result>(answer: (body: Body) => Promise<Result>, transfer: (result: Result) => ArrayBuffer[] = () => []): void {
  self.onmessage = async ({ data }: MessageEvent<Question<Body>>) => {
    try {
      const result = await answer(data.body);
      post({ id: data.id, ok: true, result }, transfer(result));
    } catch (error) {
      post({ id: data.id, ok: false, error: wireError(error) }, []);
    }
  };

  function post(message: Answer<Result>, buffers: ArrayBuffer[]): void {
    self.postMessage(message, buffers);
  }
}

function wireError(error: unknown): WireError {
  if (error instanceof Fault) return error.wire;
  // C++ exceptions that nothing caught arrive as the address of the exception.
  if (typeof error === "number") return { name: "Error", message: "An internal error without a message.", detail: `C++ exception at ${error}`, fatal: true };
  if (!(error instanceof Error)) return { name: "Error", message: String(error), detail: "", fatal: false };
  return { name: error.name, message: error.message, detail: error.stack ?? "", fatal: isFatal(error) };
}

/** WebAssembly memory is in an unknown state after a trap or an exhausted stack. */
function isFatal(error: Error): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError || "pyodide_fatal_error" in error;
}
