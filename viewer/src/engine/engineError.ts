// An error from inside a worker, ready to be shown.
import { FailureError } from "../failure.ts";
import type { WireError } from "./contract.ts";

export class EngineError extends FailureError {
  override readonly name = "EngineError";
  /** The class of the error inside the engine: "CoreError" for a request that cc_core refuses, a Python or ONNX class otherwise. */
  readonly kind: string;
  /** Traceback, for a "details" fold. */
  readonly detail: string;

  constructor(what: string, where: string, { name, message, detail }: WireError) {
    // cc_core's own errors are written for the reader; of others the class is part of the news.
    const why = name === "CoreError" || name === "Error" ? message : `${name}: ${message}`;
    super({ what, where, why, tryThis: "" });
    this.kind = name;
    this.detail = detail;
  }
}
