import { expect, test } from "vitest";
import { storedFiles } from "./unzip.ts";

// @ts-expect-error: a script of the runtime build, without types
import { writeStoredZip } from "../../../wasm/steps/zip.mjs";

test("reads what the runtime build writes", () => {
  const files = new Map([["b/é.pyc", Buffer.from("two")], ["a.pyc", Buffer.from("one")], ["empty", Buffer.alloc(0)]]);
  const zip = new Uint8Array((writeStoredZip as (files: Map<string, Buffer>) => Buffer)(files));
  const read = [...storedFiles(zip)].map(([path, content]) => [path, new TextDecoder().decode(content)]);
  expect(read).toEqual([["a.pyc", "one"], ["b/é.pyc", "two"], ["empty", ""]]);
});

test("refuses anything else", () => {
  expect(() => [...storedFiles(new Uint8Array(30))]).toThrow("not an archive of the runtime build");
});
