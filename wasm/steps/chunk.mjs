// The chunk format of docs/bundle.md, as the runtime needs it: a classic script whose payload stands in a function comment,
// because a file:// page may load scripts but nothing else, and a comment costs the parser less than a string.
import { gzipSync } from "node:zlib";
import { contentHash } from "./cache.mjs";
import { megabytes } from "./report.mjs";

/** Characters of payload in one chunk. A multiple of 4, so that every part is base64 that decodes by itself. */
export const PART_LENGTH = 4 * 1024 * 1024;

/** @param {string} id site-relative path without ".js" @param {string} payload text without the characters that end a comment */
export function chunkText(id, payload) {
  return `cc.chunk(${JSON.stringify(id)},function(){/*${payload}*/});\n`;
}

/** The payload of a chunk file, as the page reads it. */
export function chunkPayload(text) {
  return text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/"));
}

/** A JSON value as payload: "*" followed by "/" can only stand inside a JSON string, where "\/" means "/". */
export function jsonPayload(value) {
  return JSON.stringify(value).replaceAll("*/", "*\\/");
}

/** gzip whose bytes depend on the content only: no date, and "unknown" as the operating system. */
export function gzip(bytes) {
  const packed = gzipSync(bytes, { level: 9, memLevel: 9 });
  packed[9] = 255;
  return packed;
}

/**
 * The assets' entries in the manifest, and their chunks.
 * @param {import("./cache.mjs").Cache} cache @param {Record<string, Buffer>} assets content by asset id
 */
export async function packAssets(cache, assets) {
  const entries = {};
  const chunks = new Map();
  let cachedAll = true;
  for (const [id, content] of Object.entries(assets)) {
    const { bytes, cached } = await cache.getOrMake("asset.gz", contentHash("level 9", content), () => gzip(content));
    cachedAll &&= cached;
    const asset = assetChunks(id, content.length, bytes);
    entries[id] = asset.entry;
    for (const [part, text] of asset.chunks) chunks.set(part, text);
  }
  const decoded = Object.values(entries).reduce((sum, { bytes }) => sum + bytes, 0);
  const note = `${Object.keys(entries).length} assets, ${megabytes(decoded)} decoded${cachedAll ? " (cached)" : ""}`;
  return { assets: entries, chunks, note };
}

/**
 * @param {string} id @param {number} bytes decoded size @param {Buffer} packed gzip of the asset
 * @returns {{entry: {bytes: number, encoding: "gzip", parts: string[]}, chunks: Map<string, string>}} chunks by id
 */
export function assetChunks(id, bytes, packed) {
  const text = packed.toString("base64");
  const chunks = new Map();
  for (let at = 0; at < text.length; at += PART_LENGTH) {
    const part = `${id}.${chunks.size}`;
    chunks.set(part, chunkText(part, text.slice(at, at + PART_LENGTH)));
  }
  return { entry: { bytes, encoding: "gzip", parts: [...chunks.keys()] }, chunks };
}
