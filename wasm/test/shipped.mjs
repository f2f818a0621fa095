// The runtime as it is shipped: assets put together again from the chunk files of dist/, and Pyodide started from them under Node.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { chunkPayload } from "../steps/chunk.mjs";
import { readZip } from "../steps/zip.mjs";

export const DIST = fileURLToPath(new URL("../dist/", import.meta.url));

export function runtimeJson() {
  return JSON.parse(readFileSync(join(DIST, "runtime.json"), "utf8"));
}

/** @param {string} id such as "runtime/pyodide.js" */
export function shippedAsset(id) {
  const { parts } = runtimeJson().assets[id];
  const payloads = parts.map((part) => Buffer.from(chunkPayload(readFileSync(join(DIST, `${part}.js`), "utf8")), "base64"));
  return gunzipSync(Buffer.concat(payloads));
}

/** Pyodide with numpy and cc_core in place, from nothing but the shipped assets. */
export async function startShippedPython() {
  const folder = mkdtempSync(join(tmpdir(), "cc-runtime-"));
  try {
    for (const name of ["pyodide.js", "pyodide.asm.wasm", "python_stdlib.zip"]) {
      writeFileSync(join(folder, name), shippedAsset(`runtime/${name}`));
    }
    const { loadPyodide } = createRequire(import.meta.url)(join(folder, "pyodide.js"));
    const fsInit = async (files, { sitePackages }) => {
      for (const name of ["numpy.zip", "cc_core.zip"]) install(files, sitePackages, readZip(shippedAsset(`runtime/${name}`)));
    };
    const createPyodideModule = await globalThis.pyodideModule;
    return await loadPyodide({ indexURL: folder, createPyodideModule, lockFileContents: JSON.stringify(runtimeJson().lock), fsInit });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function install(fileSystem, folder, files) {
  for (const [name, bytes] of files) {
    const path = `${folder}/${name}`;
    fileSystem.mkdirTree(path.slice(0, path.lastIndexOf("/")));
    fileSystem.writeFile(path, bytes);
  }
}
