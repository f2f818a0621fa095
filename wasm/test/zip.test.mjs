import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readZip, writeStoredZip } from "../steps/zip.mjs";

const FILES = new Map([["b/two.txt", Buffer.from("two")], ["a.txt", Buffer.from("one")], ["é/empty", Buffer.alloc(0)]]);

test("what is written is read back, sorted by name", () => {
  const read = [...readZip(writeStoredZip(FILES))].map(([name, bytes]) => [name, bytes.toString()]);
  assert.deepEqual(read, [["a.txt", "one"], ["b/two.txt", "two"], ["é/empty", ""]]);
});

test("the bytes depend on the contents only, not on the order of insertion", () => {
  assert.deepEqual(writeStoredZip(FILES), writeStoredZip(new Map([...FILES].reverse())));
});

test("Python takes the archive for a zip without faults, and its compressed archives are read", () => {
  const folder = mkdtempSync(join(tmpdir(), "cc-zip-"));
  try {
    writeFileSync(join(folder, "ours.zip"), writeStoredZip(FILES));
    const script = `
import sys, zipfile
with zipfile.ZipFile("ours.zip") as ours, zipfile.ZipFile(sys.stdout.buffer, "w", zipfile.ZIP_DEFLATED) as theirs:
    assert ours.testzip() is None
    for name in ours.namelist():
        theirs.writestr(name, ours.read(name) * 100)
    theirs.mkdir("folder")
`;
    const theirs = execFileSync(process.env.CC_PYTHON || "python3", ["-c", script], { cwd: folder });
    assert.deepEqual([...readZip(theirs)].map(([name, bytes]) => [name, bytes.length]), [["a.txt", 300], ["b/two.txt", 300], ["é/empty", 0]]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("something else is refused", () => {
  assert.throws(() => readZip(Buffer.from("<html>not found</html>")), /not a zip archive: no end record in 22 bytes/);
});
