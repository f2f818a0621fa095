import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Cache } from "../steps/cache.mjs";
import { numpyWheel } from "../steps/numpyWheel.mjs";

const BYTES = Buffer.from("the wheel");
const WANTED = { file_name: "numpy.whl", sha256: createHash("sha256").update(BYTES).digest("hex") };

let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "cc-wheel-"))));
afterEach(() => {
  rmSync(folder, { recursive: true });
  delete process.env.CC_NUMPY_WHEEL;
});

/** Sources beyond this machine, as if there were none. */
const OFFLINE = { official: async () => undefined, carried: async () => undefined };

test("a wheel with the hash of the lock is taken, and kept", async () => {
  process.env.CC_NUMPY_WHEEL = join(folder, "mine.whl");
  writeFileSync(process.env.CC_NUMPY_WHEEL, BYTES);
  const cache = new Cache(join(folder, "cache"));
  assert.equal((await numpyWheel(WANTED, "1.0", cache, OFFLINE)).note, "numpy.whl from CC_NUMPY_WHEEL");
  delete process.env.CC_NUMPY_WHEEL;
  assert.equal((await numpyWheel(WANTED, "1.0", cache, OFFLINE)).note, "numpy.whl from the cache");
});

test("any other file is refused, whatever its name, and the message says what to do", async () => {
  process.env.CC_NUMPY_WHEEL = join(folder, "numpy.whl");
  writeFileSync(process.env.CC_NUMPY_WHEEL, "another wheel");
  const carried = async () => {
    throw new Error("pip: no network");
  };
  const official = async () => Buffer.from("an error page");
  await assert.rejects(numpyWheel(WANTED, "1.0", new Cache(join(folder, "cache")), { official, carried }), (error) => {
    assert.match(error.message, new RegExp(`^no copy of numpy\\.whl with SHA-256 ${WANTED.sha256} was found:\n  CC_NUMPY_WHEEL: its SHA-256 is `));
    assert.match(error.message, /the official release: its SHA-256 is [0-9a-f]{64}\n {2}the copy inside open-webui\S+: pip: no network\nTry: /);
    return true;
  });
});
