import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Cache, contentHash, filesHash } from "../steps/cache.mjs";

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "cc-cache-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("an entry is made once for its key", async () => {
  const cache = new Cache(folder);
  const made = [];
  const make = () => (made.push(1), Buffer.from("x"));
  assert.equal((await cache.getOrMake("a", contentHash("1"), make)).cached, false);
  const again = await cache.getOrMake("a", contentHash("1"), make);
  assert.deepEqual([again.cached, again.bytes.toString()], [true, "x"]);
  await cache.getOrMake("a", contentHash("2"), make);
  assert.equal(made.length, 2);
});

test("a failed step leaves nothing behind", async () => {
  const cache = new Cache(folder);
  await assert.rejects(cache.getOrMake("a", contentHash("1"), () => Promise.reject(new Error("broken"))), /broken/);
  assert.deepEqual(readdirSync(folder), []);
});

test("what no build used for a month goes", () => {
  const cache = new Cache(folder);
  for (const key of ["old", "recent", "used"]) new Cache(folder).put("a", key, Buffer.from("x"));
  cache.get("a", "used");
  for (const key of ["old", "used"]) utimesSync(cache.path("a", key), 0, 0);
  cache.prune();
  assert.deepEqual(readdirSync(folder).sort(), ["a-recent", "a-used"]);
});

test("hashes tell apart what only joins alike", () => {
  assert.notEqual(contentHash("ab", "c"), contentHash("a", "bc"));
  assert.equal(filesHash(new Map([["a", "1"], ["b", "2"]])), filesHash(new Map([["b", "2"], ["a", "1"]])));
});
