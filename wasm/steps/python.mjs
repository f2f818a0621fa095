// The three archives of Python code: the standard library, numpy and cc_core, as bytecode without sources.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { contentHash, filesHash } from "./cache.mjs";
import { compilePython, pythonVersion } from "./interpreter.mjs";
import { megabytes } from "./report.mjs";
import { trimmed } from "./trim.mjs";
import { NUMPY_TRIMS } from "./trimNumpy.mjs";
import { STDLIB_TRIMS } from "./trimStdlib.mjs";
import { readZip, writeStoredZip } from "./zip.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const SUBSTITUTES = join(HERE, "substitutes");

/**
 * @param {object} from
 * @param {import("./cache.mjs").Cache} from.cache
 * @param {ReturnType<typeof import("./npmPackage.mjs").npmPackage>} from.pyodide
 * @param {{bytes: Buffer}} from.wheel numpy's
 * @param {string} from.core folder of cc_core
 * @param {typeof import("./report.mjs").report} from.report
 */
export async function pythonArchives({ cache, pyodide, wheel, core, report }) {
  // What bytecode depends on besides its sources: the interpreter, and how this folder trims and compiles.
  const recipe = contentHash(pyodide.bytes("pyodide.asm.wasm"), filesHash(recipeFiles()));
  const archive = (name, key, make) =>
    report(name, async () => {
      const { bytes, cached } = await cache.getOrMake(name, key, make);
      return { bytes, note: `${megabytes(bytes.length)}${cached ? " (cached)" : ""}` };
    });

  const stock = pyodide.bytes("python_stdlib.zip");
  const stdlibKey = contentHash(recipe, stock);
  const stdlib = await archive("python_stdlib.zip", stdlibKey, () => stdlibArchive(stock));
  const stdlibPath = cache.path("python_stdlib.zip", stdlibKey);

  const numpy = await archive("numpy.zip", contentHash(stdlibKey, wheel.bytes), () => numpyArchive(wheel.bytes, stdlibPath));

  const sources = coreSources(core);
  const coreHash = filesHash(sources);
  const compiledCore = await archive("cc_core.zip", contentHash(stdlibKey, coreHash), () => coreArchive(sources, stdlibPath));

  const version = await cache.getOrMake("python-version", stdlibKey, async () => Buffer.from(await pythonVersion(stdlibPath)));
  return {
    stdlib: stdlib.bytes,
    numpy: numpy.bytes,
    core: compiledCore.bytes,
    coreHash: coreHash.slice(0, 16),
    version: version.bytes.toString("utf8"),
  };
}

/** @param {Buffer} zip `python_stdlib.zip` of Pyodide */
async function stdlibArchive(zip) {
  const kept = trimmed(readZip(zip), STDLIB_TRIMS);
  return writeStoredZip(await compilePython(substituted(only(kept, ".py"), "stdlib"), { optimize: 2 }));
}

/** @param {Buffer} wheel @param {string} stdlib path of the trimmed standard library */
async function numpyArchive(wheel, stdlib) {
  const kept = trimmed(readZip(wheel, (name) => name.startsWith("numpy/")), NUMPY_TRIMS);
  const modules = await compilePython(substituted(only(kept, ".py"), "numpy"), { optimize: 2, stdlib });
  return writeStoredZip(new Map([...modules, ...only(kept, ".so")]));
}

/** @param {Map<string, Buffer>} sources of cc_core @param {string} stdlib path of the trimmed standard library */
async function coreArchive(sources, stdlib) {
  // Assertions stay: what is checked natively is checked in the page too. Docstrings stay because a dataclass without one
  // pays for inspect.signature() at import.
  return writeStoredZip(await compilePython(sources, { optimize: 0, stdlib }));
}

/** The modules of cc_core: `cc_core/….py` → source. */
function coreSources(folder) {
  return new Map([...filesUnder(folder, ".py")].map(([path, source]) => [`cc_core/${path}`, source]));
}

/** The sources, some of them replaced by those of substitutes/. */
function substituted(sources, folder) {
  const all = new Map(sources);
  for (const [path, source] of filesUnder(join(SUBSTITUTES, folder), ".py")) {
    if (!sources.has(path)) throw new Error(`substitute for ${path}: the package has no such module any more`);
    all.set(path, source);
  }
  return all;
}

/** What the bytecode depends on in this folder. */
function recipeFiles() {
  const names = ["compile.py", "interpreter.mjs", "python.mjs", "trim.mjs", "trimNumpy.mjs", "trimStdlib.mjs", "zip.mjs"];
  return new Map([...names.map((name) => [name, readFileSync(join(HERE, name))]), ...filesUnder(SUBSTITUTES, ".py")]);
}

function filesUnder(folder, suffix) {
  const files = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(suffix)) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    files.set(relative(folder, path).split(sep).join("/"), readFileSync(path));
  }
  return files;
}

function only(files, suffix) {
  return new Map([...files].filter(([name]) => name.endsWith(suffix)));
}
