// Builds the in-page runtime: Pyodide, numpy, cc_core and onnxruntime-web as chunk files under dist/.
// Every step is cached by the content of what goes in, so a second build only reads, compares and writes.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cache } from "./steps/cache.mjs";
import { packAssets } from "./steps/chunk.mjs";
import { joined, moduleAsScript, withoutImport } from "./steps/classicScript.mjs";
import { notices } from "./steps/notices.mjs";
import { npmPackage } from "./steps/npmPackage.mjs";
import { numpyWheel } from "./steps/numpyWheel.mjs";
import { writeOutput } from "./steps/output.mjs";
import { pythonArchives } from "./steps/python.mjs";
import { report } from "./steps/report.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

async function build() {
  const cache = new Cache(join(HERE, ".cache"));
  const pyodide = npmPackage("pyodide");
  const onnx = npmPackage("onnxruntime-web");
  const lock = JSON.parse(pyodide.text("pyodide-lock.json"));

  const wheel = await report("numpy wheel", () => numpyWheel(lock.packages.numpy, pyodide.version, cache));
  const python = await pythonArchives({ cache, pyodide, wheel, core: join(HERE, "cc_core"), report });
  const runtime = await report("gzip and base64", () =>
    packAssets(cache, {
      "runtime/pyodide.js": joined(pyodide.text("pyodide.js"), moduleAsScript(pyodide.text("pyodide.asm.mjs"), "pyodideModule")),
      "runtime/pyodide.asm.wasm": pyodide.bytes("pyodide.asm.wasm"),
      "runtime/python_stdlib.zip": python.stdlib,
      "runtime/numpy.zip": python.numpy,
      "runtime/cc_core.zip": python.core,
      "runtime/onnxruntime.js": joined(
        withoutImport(onnx.text("dist/ort.wasm.min.js"), "onnxruntimeModule"),
        moduleAsScript(onnx.text("dist/ort-wasm-simd-threaded.mjs"), "onnxruntimeModule"),
      ),
      "runtime/onnxruntime.wasm": onnx.bytes("dist/ort-wasm-simd-threaded.wasm"),
    }),
  );
  const versions = {
    pyodide: pyodide.version,
    python: python.version,
    numpy: lock.packages.numpy.version,
    "onnxruntime-web": onnx.version,
    cc_core: python.coreHash,
  };
  await report("dist", () =>
    writeOutput(join(HERE, "dist"), runtime.chunks, {
      // Pyodide checks the lock's info against itself; the list of packages is empty so that it never thinks of fetching one.
      "runtime.json": `${JSON.stringify({ versions, assets: runtime.assets, lock: { info: lock.info, packages: {} } }, null, 1)}\n`,
      "runtime/NOTICES.txt": `${notices(versions, wheel.bytes)}\n`,
    }),
  );
  cache.prune();
}

try {
  await build();
} catch (error) {
  // The message only: Node would print the source line of a Pyodide error too, and that line is a megabyte long.
  console.error(error.message);
  process.exitCode = 1;
}
