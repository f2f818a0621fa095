// From base64 of gzip back to bytes. Runs in the workers too, where most decoding happens.
import { BundleError } from "./bundleError.ts";

/** An asset as its chunks hold it: strings are cheap to hand to a worker, which then decodes away from the page. */
export interface RawAsset {
  readonly id: string;
  /** Size after decoding. */
  readonly bytes: number;
  readonly encoding: "gzip";
  /** Base64, each part decodable by itself. */
  readonly parts: readonly string[];
}

/** The asset's bytes. */
export async function decodeAsset(asset: RawAsset): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(asset.bytes);
  let at = 0;
  const reader = decodedStream(asset).getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      // Counted even past the end, so that the message can say how far it goes.
      if (at + step.value.length <= bytes.length) bytes.set(step.value, at);
      at += step.value.length;
    }
  } catch (cause) {
    throw new BundleError("unreadable", asset.id, "Its gzip stream is damaged.", { cause });
  }
  if (at !== bytes.length) throw new BundleError("unreadable", asset.id, `It decodes to ${at} bytes instead of ${asset.bytes}.`);
  return bytes;
}

/** The asset's bytes as they become available; unlike decodeAsset() it leaves the check of the length to the reader. */
export function decodedStream(asset: RawAsset): ReadableStream<Uint8Array<ArrayBuffer>> {
  const parts = asset.parts.values();
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { value, done } = parts.next();
      if (done) controller.close();
      else controller.enqueue(fromBase64(value));
    },
  });
  return packed.pipeThrough(new DecompressionStream(asset.encoding));
}

/** The asset as text. */
export async function decodeText(asset: RawAsset): Promise<string> {
  return new TextDecoder().decode(await decodeAsset(asset));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  // Newer than some browsers still in use, and several times faster than what follows.
  if (typeof Uint8Array.fromBase64 === "function") return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  if (typeof bytes.toBase64 === "function") return bytes.toBase64();
  let characters = "";
  // In blocks, because an argument list has a limit.
  for (let at = 0; at < bytes.length; at += 0x8000) characters += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(characters);
}
