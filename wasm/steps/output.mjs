// The only writer of dist/: the new folder is completed beside the old one and swapped in, so that nobody reads half a runtime.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { megabytes } from "./report.mjs";

/** @param {string} folder @param {Map<string, string>} chunks text by chunk id @param {Record<string, string>} files text by path */
export function writeOutput(folder, chunks, files) {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  let bytes = 0;
  const write = (path, text) => {
    mkdirSync(dirname(join(fresh, path)), { recursive: true });
    writeFileSync(join(fresh, path), text);
    bytes += Buffer.byteLength(text);
  };
  for (const [id, text] of chunks) write(`${id}.js`, text);
  for (const [path, text] of Object.entries(files)) write(path, text);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return { note: `${chunks.size} chunks, ${megabytes(bytes)}` };
}
