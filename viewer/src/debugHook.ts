// The page's inner parts under one global name, for the browser tests and for a look from the developer tools. Read-only in
// spirit: the page itself never uses it.
import type { Bundle } from "./bundle/load.ts";
import type { OnnxEngine } from "./engine/onnx.ts";
import type { PythonEngine } from "./engine/python.ts";

export interface DebugHook {
  readonly bundle: Bundle;
  readonly python: PythonEngine;
  readonly onnx: OnnxEngine;
}

declare global {
  interface Window {
    __cc?: DebugHook;
  }
}

export function installDebugHook(hook: DebugHook): void {
  window.__cc = hook;
}
