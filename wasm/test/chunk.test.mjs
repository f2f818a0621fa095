import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { assetChunks, chunkPayload, chunkText, gzip, jsonPayload, PART_LENGTH } from "../steps/chunk.mjs";

test("a chunk file is one call with its payload in a comment", () => {
  assert.equal(chunkText("data/models", "[1]"), 'cc.chunk("data/models",function(){/*[1]*/});\n');
  assert.equal(chunkPayload(chunkText("data/models", "[1]")), "[1]");
});

test("the script runs, and its function's text holds the payload", () => {
  let seen;
  new Function("cc", chunkText("data/a", jsonPayload({ text: "a */ b" })))({ chunk: (id, carrier) => (seen = [id, String(carrier)]) });
  assert.equal(seen[0], "data/a");
  assert.deepEqual(JSON.parse(seen[1].slice(seen[1].indexOf("/*") + 2, seen[1].lastIndexOf("*/"))), { text: "a */ b" });
});

test("an asset is cut in parts that decode by themselves", () => {
  let state = 1; // a generator whose high bits gzip finds nothing in
  const bytes = Buffer.from(Uint8Array.from({ length: 4e6 }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24));
  const { entry, chunks } = assetChunks("runtime/x", bytes.length, gzip(bytes));
  assert.equal(entry.bytes, bytes.length);
  assert.deepEqual(entry.parts, [...chunks.keys()]);
  assert.ok(entry.parts.length > 1);
  const payloads = [...chunks.values()].map(chunkPayload);
  assert.ok(payloads.every((payload) => payload.length <= PART_LENGTH));
  assert.deepEqual(gunzipSync(Buffer.concat(payloads.map((payload) => Buffer.from(payload, "base64")))), bytes);
});

test("gzip carries no date and no operating system", () => {
  assert.deepEqual([...gzip(Buffer.from("x")).subarray(4, 10)], [0, 0, 0, 0, 2, 255]);
});
