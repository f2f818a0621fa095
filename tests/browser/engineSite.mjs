// A site with the real viewer and runtime and two tiny models, for tests of the engines alone: no exporter takes part.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { assetChunks, chunkText, gzip, jsonPayload } from "../../wasm/steps/chunk.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const VIEWER = here("../../viewer/dist");
const RUNTIME = here("../../wasm/dist");

/** The smallest manifest the viewer shows: a study without models. Its description tries the chunk format. */
const EMPTY_STUDY = {
  format: { name: "cc-bundle", version: 1 },
  generator: "tests/browser",
  study: { title: "Engines", description: "*/ ends a comment, but not this one; é", models: 0 },
  metrics: [],
  operations: [],
  dataset: null,
  timing: "data/timing",
  answers: "data/answers",
};

/** Asset ids of the models, by the name of their file in models/. */
export const MODELS = Object.fromEntries(["perceptron", "types"].map((name) => [name, `data/onnx/${sha256(modelBytes(name))}`]));

/**
 * Writes the site into a temporary folder.
 * @returns {{folder: string, close: () => void}}
 */
export function makeEngineSite() {
  for (const [folder, command] of [[VIEWER, "npm run build in viewer/"], [RUNTIME, "npm run build in wasm/"]]) {
    if (!existsSync(folder)) throw new Error(`${folder} is not there: run ${command} first`);
  }
  const folder = mkdtempSync(join(tmpdir(), "cc-engine-site-"));
  cpSync(VIEWER, folder, { recursive: true });
  cpSync(join(RUNTIME, "runtime"), join(folder, "runtime"), { recursive: true });
  const { versions, assets, lock } = JSON.parse(readFileSync(join(RUNTIME, "runtime.json"), "utf8"));
  writeChunk(folder, "data/models", jsonPayload({ models: [] }));
  writeChunk(folder, "data/timing", jsonPayload({ exported: "", machine: {}, stages: {}, latency: {}, memory: {}, flags: {} }));
  for (const [name, id] of Object.entries(MODELS)) {
    const bytes = modelBytes(name);
    const { entry, chunks } = assetChunks(id, bytes.length, gzip(bytes));
    assets[id] = entry;
    for (const [chunk, text] of chunks) write(folder, `${chunk}.js`, text);
  }
  // Last, because it lists all the others.
  writeChunk(folder, "data/manifest", jsonPayload({ ...EMPTY_STUDY, files: fileRecords(folder), assets, runtime: { versions, lock } }));
  return { folder, close: () => rmSync(folder, { recursive: true }) };
}

function fileRecords(folder) {
  const records = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = readFileSync(path);
    records[relative(folder, path).split(sep).join("/")] = { bytes: bytes.length, sha256: sha256(bytes) };
  }
  return records;
}

function writeChunk(folder, id, payload) {
  write(folder, `${id}.js`, chunkText(id, payload));
}

function write(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function modelBytes(name) {
  return readFileSync(here(`models/${name}.onnx`));
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
