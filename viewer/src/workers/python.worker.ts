// The Python worker: Pyodide from bytes that the page hands over, then one request after another.
import { PYTHON_ASSETS, type PythonAnswer, type PythonQuestion } from "../engine/contract.ts";
import { arrivals } from "./arrivals.ts";
import bridge from "./bridge.py?raw";
import { deferred, settle } from "./deferred.ts";
import { answerFromMemory, BASE, compileStream } from "./fromMemory.ts";
import { Fault, serve } from "./serve.ts";
import { compileLibraries, install, link } from "./sitePackages.ts";

const wasm = deferred<WebAssembly.Module>();
const archives = {
  stdlib: deferred<Uint8Array<ArrayBuffer>>(),
  numpy: deferred<Uint8Array<ArrayBuffer>>(),
  core: deferred<Uint8Array<ArrayBuffer>>(),
};
const takePart = arrivals(async (id, asset) => {
  if (id === PYTHON_ASSETS.wasm) return settle(wasm, compileStream(asset.stream));
  const name = (["stdlib", "numpy", "core"] as const).find((archive) => PYTHON_ASSETS[archive] === id);
  if (!name) throw new Error(`Python has no use for ${id}`);
  return settle(archives[name], asset.bytes());
});
let python: Pyodide | undefined;

serve<PythonQuestion, PythonAnswer>(
  async (question) => {
    if (question.kind === "start") await start(question.lock);
    else if (question.kind === "part") await takePart(question);
    else return call(question);
    return null;
  },
  (answer) => (answer ? answer.buffers.map((buffer) => buffer.buffer) : []),
);

async function start(lock: string): Promise<void> {
  answerFromMemory(wasm.promise, { "python_stdlib.zip": () => archives.stdlib.promise });
  const libraries = archives.numpy.promise.then(compileLibraries);
  libraries.catch(() => undefined); // the page hears of a damaged archive from the asset's own answer
  let folder = "";
  python = await loadPyodide({
    indexURL: BASE,
    packageBaseUrl: BASE,
    createPyodideModule: await pyodideModule,
    lockFileContents: lock,
    // The hash seed is fixed so that the order of sets, and with it every result, is the same in each run.
    env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" },
    stdout: () => undefined,
    stderr: () => undefined,
    // Put in place before Python starts, so that its import system finds the packages on its first look.
    fsInit: async (files, { sitePackages }) => {
      folder = sitePackages;
      for (const { promise } of [archives.numpy, archives.core]) install(files, folder, await promise);
    },
  });
  await link(python._module, folder, await libraries);
  python.runPython(bridge, { filename: "bridge.py" });
}

function call({ name, request, buffers }: Extract<PythonQuestion, { kind: "call" }>): PythonAnswer {
  if (!python) throw new Error("Python was asked before it was started.");
  const bytes = python.toPy(buffers.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));
  const bridgeCall = python.globals.get("call") as PyProxy;
  const answer = bridgeCall(name, request, bytes) as PyProxy;
  try {
    const [result, made, error] = answer.toJs() as
      | [string, Uint8Array<ArrayBuffer>[], undefined]
      | [undefined, undefined, [name: string, message: string, detail: string]];
    if (error) throw new Fault({ name: error[0], message: error[1], detail: error[2], fatal: error[0] === "MemoryError" });
    return { result, buffers: made };
  } finally {
    for (const proxy of [answer, bridgeCall, bytes]) proxy.destroy();
  }
}
