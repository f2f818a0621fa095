// A package from node_modules: its version and its files.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** @param {string} name */
export function npmPackage(name) {
  const folder = packageFolder(name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    version,
    /** @param {string} path @returns {Buffer} */
    bytes: (path) => readFileSync(join(folder, path)),
    /** @param {string} path @returns {string} */
    text: (path) => readFileSync(join(folder, path), "utf8"),
  };
}

/** Found by walking up node_modules, because a package need not export its package.json. */
function packageFolder(name) {
  for (const folder of require.resolve.paths(name)) {
    try {
      readFileSync(join(folder, name, "package.json"));
      return join(folder, name);
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`the npm package ${name} is not installed: run "npm ci" in ${dirname(dirname(new URL(import.meta.url).pathname))}`);
}
