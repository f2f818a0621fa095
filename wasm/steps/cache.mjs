// A cache keyed by content: an entry is found by the hash of everything that went into it, so nothing in it can be stale.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @param {...(string | Uint8Array)} parts */
export function contentHash(...parts) {
  const hash = createHash("sha256");
  // Each part is led by its length, so that ("ab", "c") and ("a", "bc") differ.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex");
}

/** @param {Map<string, Uint8Array>} files */
export function filesHash(files) {
  return contentHash(...[...files].sort(([a], [b]) => (a < b ? -1 : 1)).flat());
}

export class Cache {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    this.used = new Set();
    mkdirSync(folder, { recursive: true });
  }

  /** Where the entry lies, for readers that want a file; it need not exist. */
  path(name, key) {
    return join(this.folder, `${name}-${key.slice(0, 32)}`);
  }

  /** @returns {Buffer | undefined} */
  get(name, key) {
    const path = this.path(name, key);
    this.used.add(path);
    try {
      return readFileSync(path);
    } catch (error) {
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  put(name, key, bytes) {
    const path = this.path(name, key);
    this.used.add(path);
    // Written aside and renamed: a build that is stopped half-way leaves no half entry under a good name.
    writeFileSync(`${path}.${process.pid}`, bytes);
    renameSync(`${path}.${process.pid}`, path);
    return bytes;
  }

  /** @param {() => Uint8Array | Promise<Uint8Array>} make @returns {Promise<{bytes: Buffer, cached: boolean}>} */
  async getOrMake(name, key, make) {
    const hit = this.get(name, key);
    if (hit) return { bytes: hit, cached: true };
    return { bytes: Buffer.from(this.put(name, key, await make())), cached: false };
  }

  /** Drops what this build did not use and no build used for a month; switching branches back and forth stays fast. */
  prune(now = Date.now()) {
    for (const name of readdirSync(this.folder)) {
      const path = join(this.folder, name);
      if (this.used.has(path)) utimesSync(path, now / 1000, now / 1000);
      else if (now - statSync(path).mtimeMs > 30 * 24 * 3600 * 1000) rmSync(path, { recursive: true });
    }
  }
}
