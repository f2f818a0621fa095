// From base64 of gzip back to bytes. Runs in the workers too, where most decoding happens.
import { BundleError } from "./bundleError.ts";

/** What is known of an asset before its content. */
export interface AssetHead {
  readonly id: string;
  /** Size after decoding. */
  readonly bytes: number;
  readonly encoding: "gzip";
}

/** An asset as its chunks hold it. */
export interface RawAsset extends AssetHead {
  /** Base64, each part decodable by itself. */
  readonly parts: readonly string[];
}

/** An asset whose parts come one after the other, decoded as they come. */
export class ArrivingAsset {
  /** The decoded content; its length is not checked. To be read once: here or by bytes(). */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #head: AssetHead;
  #packed!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

  constructor(head: AssetHead) {
    this.#head = head;
    const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (controller) => void (this.#packed = controller) });
    this.stream = packed.pipeThrough(new DecompressionStream(head.encoding));
  }

  add(part: string): void {
    this.#packed.enqueue(fromBase64(part));
  }

  end(): void {
    this.#packed.close();
  }

  /** The whole content, once all parts are there. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const { id, bytes: length } = this.#head;
    const bytes = new Uint8Array(length);
    let at = 0;
    const reader = this.stream.getReader();
    try {
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        // Counted even past the end, so that the message can say how far it goes.
        if (at + step.value.length <= length) bytes.set(step.value, at);
        at += step.value.length;
      }
    } catch (cause) {
      throw new BundleError("unreadable", id, "Its gzip stream is damaged.", { cause });
    }
    if (at !== length) throw new BundleError("unreadable", id, `It decodes to ${at} bytes instead of ${length}.`);
    return bytes;
  }
}

/** The asset's bytes. */
export function decodeAsset(asset: RawAsset): Promise<Uint8Array<ArrayBuffer>> {
  const arriving = new ArrivingAsset(asset);
  for (const part of asset.parts) arriving.add(part);
  arriving.end();
  return arriving.bytes();
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
