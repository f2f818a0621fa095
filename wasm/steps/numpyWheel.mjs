// numpy for Pyodide. The npm registry has no such package and the Python index takes no Emscripten wheel of numpy, so the
// official wheel is looked for in several places; whatever the place, it is accepted by the hash in Pyodide's own lock file only.
import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readZip } from "./zip.mjs";

/** A package on the Python index that carries Pyodide's packages, numpy's wheel among them, byte for byte. Nothing of it is installed or run. */
const CARRIER = "open-webui==0.12.4";
const OFFICIAL_PATIENCE = 4000; // milliseconds; behind a firewall the answer may never come

/**
 * @param {{file_name: string, sha256: string}} wanted the entry of Pyodide's lock
 * @param {string} release Pyodide's version
 * @param {import("./cache.mjs").Cache} cache
 * @param {{official: typeof officialWheel, carried: typeof carriedWheel}} [elsewhere] the sources beyond this machine
 * @returns {Promise<{bytes: Buffer, note: string}>}
 */
export async function numpyWheel(wanted, release, cache, elsewhere = { official: officialWheel, carried: carriedWheel }) {
  const sources = [
    { from: "the cache", read: async () => cache.get(wanted.file_name, wanted.sha256) },
    { from: "CC_NUMPY_WHEEL", read: async () => process.env.CC_NUMPY_WHEEL && readFileSync(process.env.CC_NUMPY_WHEEL) },
    { from: "the official release", read: () => elsewhere.official(wanted.file_name, release) },
    { from: `the copy inside ${CARRIER}`, read: () => elsewhere.carried(wanted.file_name) },
  ];
  const refusals = [];
  for (const { from, read } of sources) {
    try {
      const bytes = await read();
      if (!bytes) continue;
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      if (sha256 !== wanted.sha256) throw new Error(`its SHA-256 is ${sha256}`);
      cache.put(wanted.file_name, wanted.sha256, bytes);
      return { bytes, note: `${wanted.file_name} from ${from}` };
    } catch (error) {
      refusals.push(`  ${from}: ${error.message.trim().split("\n").at(-1)}`);
    }
  }
  throw new Error(
    `no copy of ${wanted.file_name} with SHA-256 ${wanted.sha256} was found:\n${refusals.join("\n")}\n` +
      "Try: download that file from the Pyodide release and set CC_NUMPY_WHEEL to its path.",
  );
}

async function officialWheel(fileName, release) {
  const url = `https://cdn.jsdelivr.net/pyodide/v${release}/full/${fileName}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(OFFICIAL_PATIENCE) }).catch((error) => {
    throw new Error(`no answer (${error.cause?.code ?? error.name})`);
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function carriedWheel(fileName) {
  const folder = mkdtempSync(join(tmpdir(), "cc-numpy-"));
  try {
    const python = process.env.CC_PYTHON || "python3";
    // --no-deps and --only-binary: one archive is fetched, and no code of it runs.
    // --ignore-requires-python: it is a container to us, whatever Python it was made for.
    const options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir", "--quiet", "--dest", folder];
    await promisify(execFile)(python, ["-m", "pip", "download", ...options, CARRIER]);
    const [archive] = readdirSync(folder);
    const [wheel] = readZip(readFileSync(join(folder, archive)), (name) => name.endsWith(`/${fileName}`)).values();
    if (!wheel) throw new Error(`no ${fileName} in ${archive}`);
    return wheel;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
