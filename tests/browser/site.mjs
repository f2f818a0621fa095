// A site under test, in the two ways a reader opens one: from an awkwardly named folder, and from a sub-path of a web server.
import { cpSync, createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize, sep } from "node:path";
import { pathToFileURL } from "node:url";

/** Space, a letter outside ASCII, and two characters with a meaning in URLs. */
const FOLDER = "my site é #1 100%";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };

/**
 * The site over file://, as a copy that is removed at the end.
 * @param {string} folder
 * @returns {{base: string, folder: string, close: () => void}} `base` is the URL of the folder, with a final slash
 */
export function fileSite(folder) {
  const parent = mkdtempSync(join(tmpdir(), "cc-site-"));
  const copy = join(parent, FOLDER);
  cpSync(folder, copy, { recursive: true });
  return { base: `${pathToFileURL(copy).href}/`, folder: copy, close: () => rmSync(parent, { recursive: true }) };
}

/**
 * The site over http, under /repo/sub/ as a project page of a static host would be. No special headers.
 * @param {string} folder
 * @returns {Promise<{base: string, folder: string, close: () => Promise<void>}>}
 */
export async function httpSite(folder) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const file = path.startsWith("/repo/sub/") ? join(folder, normalize(path.slice("/repo/sub/".length) || "index.html")) : "";
    if (!file.startsWith(folder + sep) || !isFile(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { base: `http://127.0.0.1:${server.address().port}/repo/sub/`, folder, close };
}

/** Both ways, by name. */
export const TRANSPORTS = { "file://": async (folder) => fileSite(folder), "http://": httpSite };

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
