import { expect, test } from "vitest";
import { ByteCache } from "./byteCache.ts";

test("drops what was used longest ago, and frees it", () => {
  const freed: string[] = [];
  const cache = new ByteCache<string>(10, (value) => freed.push(value));
  cache.set("a", "A", 4);
  cache.set("b", "B", 4);
  cache.get("a");
  cache.set("c", "C", 4);
  expect(freed).toEqual(["B"]);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["A", undefined, "C"]);
});

test("keeps a value that is larger than the limit, alone", () => {
  const cache = new ByteCache<string>(10);
  cache.set("a", "A", 4);
  cache.set("huge", "H", 100);
  expect([cache.get("a"), cache.get("huge")]).toEqual([undefined, "H"]);
});

test("replacing a value frees the old one", () => {
  const freed: string[] = [];
  const cache = new ByteCache<string>(10, (value) => freed.push(value));
  cache.set("a", "A", 4);
  cache.set("a", "A2", 4);
  cache.deleteWhere((value) => value === "A2");
  expect(freed).toEqual(["A", "A2"]);
});
