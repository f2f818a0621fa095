import assert from "node:assert/strict";
import { test } from "node:test";
import { trimmed } from "../steps/trim.mjs";

const FILES = new Map(["a.py", "xml/dom.py", "xml/sax.py", "encodings/cp850.py", "encodings/cp437.py"].map((name) => [name, Buffer.alloc(0)]));

test("paths, folders and prefixes are left out", () => {
  const kept = trimmed(FILES, [{ why: "formats", drop: ["xml/*"] }, { why: "character sets", drop: ["encodings/cp8*", "a.py"] }]);
  assert.deepEqual([...kept.keys()], ["encodings/cp437.py"]);
});

test("a pattern that names nothing is reported", () => {
  assert.throws(() => trimmed(FILES, [{ why: "gone", drop: ["imp.py"] }]), /trim list: "imp\.py" names no file; was the package updated\?/);
});
