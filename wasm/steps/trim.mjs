// Leaves files out of an archive by a list of reasons. A pattern is a path, or a folder or name prefix that ends in "*".

/** @typedef {{why: string, drop: string[]}} Trim */

/**
 * @param {Map<string, Buffer>} files
 * @param {Trim[]} trims
 * @returns {Map<string, Buffer>} the files no pattern names
 */
export function trimmed(files, trims) {
  const kept = new Map(files);
  for (const { drop } of trims) {
    for (const pattern of drop) {
      const matching = [...files.keys()].filter(matches(pattern));
      // A pattern without a file is a list that no longer fits its package: better to hear of it than to ship more.
      if (matching.length === 0) throw new Error(`trim list: "${pattern}" names no file; was the package updated?`);
      for (const name of matching) kept.delete(name);
    }
  }
  return kept;
}

function matches(pattern) {
  if (!pattern.endsWith("*")) return (name) => name === pattern;
  const prefix = pattern.slice(0, -1);
  return (name) => name.startsWith(prefix);
}
