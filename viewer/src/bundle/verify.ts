// A chunk is checked against the manifest before anything of it is used: a half-copied folder shows as an error, not as numbers.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { BundleError } from "./bundleError.ts";
import type { Manifest } from "./types.gen.ts";

/** Lower-case hexadecimal SHA-256. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  // Browsers leave crypto.subtle out of pages that came over plain http from another host, such as an intranet.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  return bytesToHex(subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes));
}

/**
 * Rejects unless the text is what the manifest says of the file.
 * @param path site-relative path
 * @param text the file's whole text
 */
export async function verifyFile(manifest: Pick<Manifest, "files">, path: string, text: string): Promise<void> {
  const expected = manifest.files[path];
  if (!expected) throw new BundleError("unlisted", path);
  if (expected.bytes === null && expected.sha256 === null) return;
  const bytes = new TextEncoder().encode(text);
  if (expected.bytes !== null && expected.bytes !== bytes.length) {
    throw new BundleError("wrong-size", path, `It has ${bytes.length} bytes and should have ${expected.bytes}.`);
  }
  if (expected.sha256 !== null && expected.sha256 !== (await sha256Hex(bytes))) throw new BundleError("altered", path);
}
