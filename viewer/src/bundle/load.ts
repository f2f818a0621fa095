// From a chunk id to a value: load, verify, parse.
import { abortable } from "./abortable.ts";
import { BundleError } from "./bundleError.ts";
import type { RawAsset } from "./decode.ts";
import type { ChunkRegistry } from "./registry.ts";
import type { AssetRecord, Manifest } from "./types.gen.ts";
import { verifyFile } from "./verify.ts";

export interface Bundle {
  readonly manifest: Manifest;
  readonly registry: ChunkRegistry;
}

export interface Progress {
  /** Bytes of files loaded so far, of `total`. */
  readonly loaded: number;
  readonly total: number;
}

export interface LoadOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many chunks of an asset load at a time: enough to hide the latency of http, few enough to keep memory and the page calm. */
const PARALLEL = 4;

/** The bundle of this page. The manifest vouches for the other files; nothing vouches for the manifest. */
export async function openBundle(registry: ChunkRegistry): Promise<Bundle> {
  const { payload } = await registry.take("data/manifest");
  const manifest = parse<Manifest>("data/manifest", payload);
  if (!manifest.files || !manifest.assets) throw new BundleError("unreadable", "data/manifest.js", 'It has no "files" or no "assets".');
  return { manifest, registry };
}

/** The JSON value of a chunk. */
export async function loadJson<T>(bundle: Bundle, chunkId: string, { onProgress, signal }: LoadOptions = {}): Promise<T> {
  const total = fileBytes(bundle, chunkId);
  onProgress?.({ loaded: 0, total });
  const payload = await verifiedPayload(bundle, chunkId, signal);
  onProgress?.({ loaded: total, total });
  return parse<T>(chunkId, payload);
}

/**
 * The parts of an asset, in order, each handed on as soon as it is there: a large model is never in the page as a whole.
 * @param deliver takes a part in; the next one waits for it
 */
export async function streamAsset(
  bundle: Bundle,
  assetId: string,
  deliver: (part: string, last: boolean) => Promise<void> | void,
  { onProgress, signal }: LoadOptions = {},
): Promise<void> {
  const { parts: chunkIds } = assetHead(bundle, assetId);
  const total = assetFileBytes(bundle, assetId);
  const ahead: Promise<string>[] = [];
  let loaded = 0;
  let next = 0;
  onProgress?.({ loaded, total });
  for (const [index, chunkId] of chunkIds.entries()) {
    for (; next < chunkIds.length && ahead.length < PARALLEL; next++) {
      const loading = verifiedPayload(bundle, chunkIds[next]!, signal);
      loading.catch(() => undefined); // it is awaited in its turn, or not at all when an earlier one fails
      ahead.push(loading);
    }
    const part = await ahead.shift()!;
    loaded += fileBytes(bundle, chunkId);
    onProgress?.({ loaded, total });
    await deliver(part, index === chunkIds.length - 1);
  }
}

/** An asset as a whole (decode.ts turns it into bytes). */
export async function loadAsset(bundle: Bundle, assetId: string, options: LoadOptions = {}): Promise<RawAsset> {
  const { bytes, encoding } = assetHead(bundle, assetId);
  const parts: string[] = [];
  await streamAsset(bundle, assetId, (part) => void parts.push(part), options);
  return { id: assetId, bytes, encoding, parts };
}

/** What the manifest says of an asset. */
export function assetHead(bundle: Bundle, assetId: string): AssetRecord {
  const record = bundle.manifest.assets[assetId];
  if (!record) throw new BundleError("unlisted", assetId);
  return record;
}

/** Bytes of the files that loading an asset reads. */
export function assetFileBytes(bundle: Bundle, assetId: string): number {
  return (bundle.manifest.assets[assetId]?.parts ?? []).reduce((sum, part) => sum + fileBytes(bundle, part), 0);
}

function fileBytes(bundle: Bundle, chunkId: string): number {
  return bundle.manifest.files[`${chunkId}.js`]?.bytes ?? 0;
}

async function verifiedPayload(bundle: Bundle, chunkId: string, signal: AbortSignal | undefined): Promise<string> {
  signal?.throwIfAborted();
  // Asked first, because a script for a file that should not exist would only fail in a less helpful way.
  if (!bundle.manifest.files[`${chunkId}.js`]) throw new BundleError("unlisted", `${chunkId}.js`);
  const { payload, file } = await abortable(bundle.registry.take(chunkId), signal);
  await abortable(verifyFile(bundle.manifest, `${chunkId}.js`, file), signal);
  return payload;
}

function parse<T>(chunkId: string, payload: string): T {
  try {
    return JSON.parse(payload) as T;
  } catch (cause) {
    throw new BundleError("unreadable", `${chunkId}.js`, "It is not valid JSON.", { cause });
  }
}
