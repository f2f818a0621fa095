import { describe, expect, test } from "vitest";
import { decodeAsset, decodeText } from "./decode.ts";
import { assetFileBytes, loadAsset, loadJson, openBundle, streamAsset, type Progress } from "./load.ts";
import { FakePage } from "./testing.ts";

describe("loading JSON", () => {
  test("parses a chunk whose text matches the manifest", async () => {
    const page = new FakePage();
    page.add("data/a", '{"x":[1,null,"*\\/"]}');
    expect(await loadJson(page.bundle(), "data/a")).toEqual({ x: [1, null, "*/"] });
  });

  test("refuses a file that was changed, and says so", async () => {
    const page = new FakePage();
    page.add("data/a", '{"accuracy":0.71}');
    const bundle = page.bundle();
    page.add("data/a", '{"accuracy":0.91}');
    await expect(loadJson(bundle, "data/a")).rejects.toMatchObject({
      fault: "altered",
      message: expect.stringContaining("(data/a.js) Its SHA-256 is not the one in data/manifest.js.") as string,
    });
  });

  test("refuses a file of another size, and says both sizes", async () => {
    const page = new FakePage();
    page.add("data/a", "[1]");
    const bundle = page.bundle();
    page.add("data/a", "[1,2]");
    await expect(loadJson(bundle, "data/a")).rejects.toMatchObject({
      fault: "wrong-size",
      message: expect.stringContaining("It has 42 bytes and should have 40.") as string,
    });
  });

  test("does not verify what the manifest leaves open", async () => {
    const page = new FakePage();
    page.add("data/timing", "[1]");
    const bundle = page.bundle();
    const files = { ...bundle.manifest.files, "data/timing.js": { bytes: null, sha256: null } };
    page.add("data/timing", "[1,2,3]");
    expect(await loadJson({ ...bundle, manifest: { ...bundle.manifest, files } }, "data/timing")).toEqual([1, 2, 3]);
  });

  test("does not look for what the manifest does not list", async () => {
    const page = new FakePage();
    await expect(loadJson(page.bundle(), "data/extra")).rejects.toMatchObject({ fault: "unlisted", where: "data/extra.js" });
    expect(page.loads).toEqual([]);
  });

  test("says when a chunk is no JSON", async () => {
    const page = new FakePage();
    page.add("data/a", "{oops");
    await expect(loadJson(page.bundle(), "data/a")).rejects.toMatchObject({ fault: "unreadable" });
  });

  test("verifies without crypto.subtle, as on plain http", async () => {
    const page = new FakePage();
    page.add("data/a", '"é"');
    const { crypto } = globalThis;
    Object.defineProperty(globalThis, "crypto", { value: {}, configurable: true });
    try {
      expect(await loadJson(page.bundle(), "data/a")).toBe("é");
    } finally {
      Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true });
    }
  });

  test("stops waiting when it is cancelled", async () => {
    const page = new FakePage();
    page.add("data/a", "1");
    const cancel = new AbortController();
    const loading = loadJson(page.bundle(), "data/a", { signal: cancel.signal });
    cancel.abort(new Error("not needed any more"));
    await expect(loading).rejects.toThrow("not needed any more");
  });
});

describe("loading assets", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251);

  test("gives back the bytes, in order, through all parts", async () => {
    const page = new FakePage();
    const record = page.addAsset("runtime/x", bytes, 16);
    const raw = await loadAsset(page.bundle({ "runtime/x": record }), "runtime/x");
    expect(raw.parts.length).toBeGreaterThan(10);
    expect(await decodeAsset(raw)).toEqual(bytes);
  });

  test("decodes text, with and without the browser's own base64", async () => {
    const page = new FakePage();
    const record = page.addAsset("runtime/t", new TextEncoder().encode("é ☃".repeat(100)), 16);
    const raw = await loadAsset(page.bundle({ "runtime/t": record }), "runtime/t");
    expect(await decodeText(raw)).toBe("é ☃".repeat(100));
    const { fromBase64 } = Uint8Array;
    Object.assign(Uint8Array, { fromBase64: () => bytes });
    try {
      await expect(decodeText(raw)).rejects.toMatchObject({ fault: "unreadable" });
    } finally {
      Object.assign(Uint8Array, { fromBase64 });
    }
  });

  test("reports progress in bytes of files", async () => {
    const page = new FakePage();
    const bundle = page.bundle({ "runtime/x": page.addAsset("runtime/x", bytes, 16) });
    const listed = { ...bundle, manifest: { ...page.bundle(bundle.manifest.assets).manifest } };
    const seen: Progress[] = [];
    await loadAsset(listed, "runtime/x", { onProgress: (progress) => seen.push(progress) });
    const total = assetFileBytes(listed, "runtime/x");
    expect(seen[0]).toEqual({ loaded: 0, total });
    expect(seen.at(-1)).toEqual({ loaded: total, total });
    expect(seen.map(({ loaded }) => loaded)).toEqual(seen.map(({ loaded }) => loaded).sort((a, b) => a - b));
  });

  test("hands parts on in order, loading only a few ahead", async () => {
    const page = new FakePage();
    const bundle = page.bundle({ "runtime/x": page.addAsset("runtime/x", bytes, 16) });
    const listed = page.bundle(bundle.manifest.assets);
    const ahead: number[] = [];
    const parts: string[] = [];
    await streamAsset(listed, "runtime/x", async (part) => {
      parts.push(part);
      await new Promise((resolve) => setTimeout(resolve));
      ahead.push(page.loads.length - parts.length);
    });
    expect(parts).toEqual((await loadAsset(listed, "runtime/x")).parts);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(3);
  });

  test("names the part that is missing", async () => {
    const page = new FakePage();
    const record = page.addAsset("runtime/x", bytes, 16);
    const bundle = page.bundle({ "runtime/x": record });
    page.files.delete(`${record.parts[3]}.js`);
    await expect(loadAsset(bundle, "runtime/x")).rejects.toMatchObject({ fault: "missing", where: "runtime/x.3.js" });
  });

  test("refuses content of another length than the manifest's", async () => {
    const page = new FakePage();
    const record = { ...page.addAsset("runtime/x", bytes, 16), bytes: bytes.length + 1 };
    const raw = await loadAsset(page.bundle({ "runtime/x": record }), "runtime/x");
    await expect(decodeAsset(raw)).rejects.toThrow("It decodes to 5000 bytes instead of 5001.");
  });
});

describe("opening the bundle", () => {
  test("reads the manifest", async () => {
    const page = new FakePage();
    page.add("data/manifest", '{"files":{},"assets":{}}');
    expect((await openBundle(page.registry)).manifest).toEqual({ files: {}, assets: {} });
  });

  test("refuses a manifest without its lists", async () => {
    const page = new FakePage();
    page.add("data/manifest", "{}");
    await expect(openBundle(page.registry)).rejects.toMatchObject({ fault: "unreadable", where: "data/manifest.js" });
  });
});
