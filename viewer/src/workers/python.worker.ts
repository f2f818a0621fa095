// The Python worker: Pyodide from bytes that the page hands over, then one request after another.
import { decodeAsset, decodedStream } from "../bundle/decode.ts";
import type { PythonAnswer, PythonAsset, PythonQuestion } from "../engine/contract.ts";
import bridge from "./bridge.py?raw";
import { deferredByName } from "./deferred.ts";
import { answerFromMemory, BASE, compileStream } from "./fromMemory.ts";
import { importModule } from "./importModule.ts";
import { Fault, serve } from "./serve.ts";
import { compileLibraries, install, link } from "./sitePackages.ts";

const bytesOf = deferredByName<Exclude<PythonAsset, "wasm">, Uint8Array<ArrayBuffer>>();
const wasm = deferredByName<"wasm", WebAssembly.Module>()("wasm");
let python: Pyodide | undefined;

serve<PythonQuestion, PythonAnswer>(
  async (question) => {
    if (question.kind === "start") await start(question.lock);
    else if (question.kind === "asset") await receive(question);
    else return call(question);
    return null;
  },
  (answer) => (answer ? answer.buffers.map((buffer) => buffer.buffer) : []),
);

async function receive({ asset, raw }: Extract<PythonQuestion, { kind: "asset" }>): Promise<void> {
  if (asset === "wasm") {
    wasm.resolve(compileStream(decodedStream(raw)));
    await wasm.promise;
  } else {
    bytesOf(asset).resolve(decodeAsset(raw));
    await bytesOf(asset).promise;
  }
}

async function start(lock: string): Promise<void> {
  answerFromMemory(wasm.promise, { "python_stdlib.zip": () => bytesOf("stdlib").promise });
  const numpy = bytesOf("numpy").promise;
  const libraries = numpy.then(compileLibraries);
  const module = await importModule(await bytesOf("module").promise);
  let folder = "";
  python = await loadPyodide({
    indexURL: BASE,
    packageBaseUrl: BASE,
    createPyodideModule: module.default,
    lockFileContents: lock,
    // The hash seed is fixed so that the order of sets, and with it every result, is the same in each run.
    env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" },
    stdout: () => undefined,
    stderr: () => undefined,
    // Put in place before Python starts, so that its import system finds the packages on its first look.
    fsInit: async (files, { sitePackages }) => {
      folder = sitePackages;
      for (const archive of [numpy, bytesOf("core").promise]) install(files, folder, await archive);
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
