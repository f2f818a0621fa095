import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { AssetPart } from "../engine/contract.ts";
import { arrivals } from "./arrivals.ts";

/** The parts of an asset whose content is a text. */
function partsOf(id: string, content: string, length = content.length): AssetPart[] {
  const packed = gzipSync(content).toString("base64");
  const texts = packed.match(/.{1,8}/g)!;
  const head = { id, bytes: length, encoding: "gzip" } as const;
  return texts.map((text, index) => ({ kind: "part", head, text, first: index === 0, last: index === texts.length - 1 }));
}

describe("assets that arrive in parts", () => {
  test("are whole with their last part, also when several come alternately", async () => {
    const whole: Record<string, string> = {};
    const take = arrivals(async (id, asset) => void (whole[id] = new TextDecoder().decode(await asset.bytes())));
    const [a, b] = [partsOf("a", "first ".repeat(50)), partsOf("b", "second ".repeat(50))];
    const last = [];
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      for (const part of [a[i], b[i]]) if (part) last.push(take(part));
    }
    await Promise.all(last);
    expect(whole).toEqual({ a: "first ".repeat(50), b: "second ".repeat(50) });
  });

  test("start anew with a first part, after an attempt that was given up", async () => {
    const whole: string[] = [];
    const take = arrivals(async (_, asset) => void whole.push(new TextDecoder().decode(await asset.bytes())));
    const parts = partsOf("a", "some content ".repeat(20));
    await take(parts[0]!);
    for (const part of parts) await take(part);
    expect(whole).toEqual(["some content ".repeat(20)]);
  });

  test("fail with their last part when the content is damaged", async () => {
    const take = arrivals((_, asset) => asset.bytes());
    const parts = partsOf("a", "content", 8);
    for (const part of parts.slice(0, -1)) await take(part);
    await expect(take(parts.at(-1)!)).rejects.toThrow("It decodes to 7 bytes instead of 8.");
  });

  test("need their first part", async () => {
    const take = arrivals(() => Promise.resolve());
    await expect(take(partsOf("a", "content")[1]!)).rejects.toThrow("a part of a came without the first one");
  });
});
