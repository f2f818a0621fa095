// Pyodide under Node: bytecode belongs to one version of Python, and the machine's own Python is another one.
import { readFileSync } from "node:fs";

const COMPILER = readFileSync(new URL("compile.py", import.meta.url), "utf8");

/**
 * Compiles Python sources with the interpreter of the page.
 * @param {Map<string, Uint8Array>} sources `name.py` → source
 * @param {{optimize: 0 | 2, stdlib?: string}} options `stdlib` is the path of another standard library to start from:
 *   the trimmed one starts in a third of the time
 * @returns {Promise<Map<string, Buffer>>} `name.pyc` → bytecode
 */
export async function compilePython(sources, { optimize, stdlib }) {
  const python = await startPython(stdlib);
  python.runPython(COMPILER);
  const compile = python.globals.get("compile_sources");
  // Sorted, because what marshal shares between constants depends on what was compiled before: same order, same bytes.
  const ordered = [...sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => [name, new Uint8Array(text)]);
  const made = compile(python.toPy(new Map(ordered)), optimize).toJs({ dict_converter: Object.fromEntries });
  return new Map(Object.entries(made).map(([name, bytes]) => [name, Buffer.from(bytes)]));
}

/** @param {string} stdlib path of a standard library @returns {Promise<string>} such as "3.14.2" */
export async function pythonVersion(stdlib) {
  const python = await startPython(stdlib);
  return python.runPython("import sys; '.'.join(map(str, sys.version_info[:3]))");
}

async function startPython(stdlib) {
  // Imported here so that a build that finds everything in the cache does not pay for it.
  const { loadPyodide } = await import("pyodide");
  // Without column positions bytecode is a fifth smaller. Tracebacks could show them only beside the source, which is not shipped.
  const env = { PYTHONNODEBUGRANGES: "1" };
  return loadPyodide(stdlib ? { env, stdLibURL: stdlib } : { env });
}
