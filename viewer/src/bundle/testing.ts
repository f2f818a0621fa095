// For tests: a bundle in memory, with a page's scripts played by a map of file texts.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Bundle } from "./load.ts";
import { ChunkRegistry } from "./registry.ts";
import type { AssetRecord, FileRecord, Manifest } from "./types.gen.ts";

/** The text of a chunk file. */
export function chunkFile(id: string, payload: string): string {
  return `cc.chunk(${JSON.stringify(id)},function(){/*${payload}*/});\n`;
}

/** Files by path, as a page would run them: what is not there fails, what is not a script registers nothing. */
export class FakePage {
  readonly files = new Map<string, string>();
  readonly loads: string[] = [];
  readonly registry = new ChunkRegistry(async (url) => {
    this.loads.push(url);
    const text = this.files.get(decodeURIComponent(url));
    if (text === undefined) throw new Error("404");
    await Promise.resolve();
    try {
      new Function("cc", text)({ chunk: this.registry.chunk });
    } catch {
      // A syntax error: browsers report it to the console and count the script as loaded.
    }
  });

  add(id: string, payload: string): void {
    this.files.set(`${id}.js`, chunkFile(id, payload));
  }

  /** Adds the chunks of an asset, in parts of some characters, a multiple of 4. */
  addAsset(id: string, bytes: Uint8Array, partLength: number): AssetRecord {
    const text = gzipSync(bytes).toString("base64");
    const parts: string[] = [];
    for (let at = 0; at < text.length; at += partLength) {
      parts.push(`${id}.${parts.length}`);
      this.add(parts.at(-1)!, text.slice(at, at + partLength));
    }
    return { bytes: bytes.length, encoding: "gzip", parts };
  }

  /** A bundle whose manifest lists the files as they are now. */
  bundle(assets: Record<string, AssetRecord> = {}): Bundle {
    const files: Record<string, FileRecord> = {};
    for (const [path, text] of this.files) files[path] = { bytes: Buffer.byteLength(text), sha256: sha256(text) };
    return { registry: this.registry, manifest: { files, assets, runtime: null } as unknown as Manifest };
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
