// NOTICES.txt: what the runtime folder contains, under which licences, and where its sources are.
import { readFileSync } from "node:fs";
import { readZip } from "./zip.mjs";

const text = (name) => readFileSync(new URL(`notices/${name}`, import.meta.url), "utf8").trim();

/** @param {{pyodide: string, python: string, numpy: string, "onnxruntime-web": string}} versions @param {Buffer} wheel numpy's */
export function notices(versions, wheel) {
  return [
    "This folder holds the software that runs Python and ONNX models inside the page. It was taken from these projects:",
    section(`Pyodide ${versions.pyodide}`, "MPL-2.0", "https://github.com/pyodide/pyodide", [
      `The source code is available under the Mozilla Public License 2.0 at the address above, tag ${versions.pyodide}; the licence is at`,
      `https://www.mozilla.org/MPL/2.0/. pyodide.asm.wasm is unmodified. pyodide.js holds pyodide.js and pyodide.asm.mjs, the second`,
      `wrapped as a classic script (wasm/steps/classicScript.mjs in cc-export does it).`,
      `The wasm file also contains CPython (below), Emscripten and its system libraries (MIT OR NCSA, https://emscripten.org), zlib`,
      `(Zlib), bzip2 (bzip2-1.0.6), liblzma (0BSD), zstd (BSD-3-Clause), libffi (MIT) and HACL* (MIT).`,
    ]),
    section(`CPython ${versions.python}`, "PSF-2.0", "https://www.python.org", [
      "Summary of changes: part of the standard library, compiled to bytecode without docstrings and assertions.",
      "",
      text("PSF-2.0.txt"),
    ]),
    section(`numpy ${versions.numpy}`, "BSD-3-Clause", "https://numpy.org", [
      "Part of the package, compiled to bytecode without docstrings and assertions.",
      "",
      ...wheelLicences(wheel),
    ]),
    section(`onnxruntime-web ${versions["onnxruntime-web"]}`, "MIT", "https://github.com/microsoft/onnxruntime", [
      "onnxruntime.wasm is ort-wasm-simd-threaded.wasm, unmodified; onnxruntime.js holds ort.wasm.min.js and",
      "ort-wasm-simd-threaded.mjs, joined as one classic script.",
      "",
      text("MIT-onnxruntime.txt"),
    ]),
    section("cc_core", "Apache-2.0", "part of cc-export", ["Compiled to bytecode."]),
  ].join("\n\n");
}

function section(title, spdx, url, lines) {
  return [`${"=".repeat(78)}`, title, `SPDX-License-Identifier: ${spdx}`, url, "", ...lines].join("\n");
}

/** numpy's licence and those of the code inside the parts of numpy that are shipped. */
function wheelLicences(wheel) {
  const dropped = ["/ma/", "/random/", "/fft/", "/lapack_lite/", "/include/"];
  const licences = readZip(wheel, (name) => /\.dist-info\/licenses\//.test(name) && !dropped.some((part) => name.includes(part)));
  return [...licences].map(([name, bytes]) => `--- ${name.replace(/^.*\/licenses\//, "")}\n\n${bytes.toString("utf8").trim()}\n`);
}
