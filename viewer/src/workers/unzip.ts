// Reads the archives of the runtime build: uncompressed entries, so that reading is finding.
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_LENGTH = 22; // the build writes no archive comment

/** The files of an archive of stored entries, as views into it, by path. */
export function* storedFiles(zip: Uint8Array<ArrayBuffer>): Generator<[path: string, content: Uint8Array<ArrayBuffer>]> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = zip.byteLength - END_LENGTH;
  if (end < 0 || view.getUint32(end, true) !== END) throw new Error("not an archive of the runtime build: no end record");
  const text = new TextDecoder();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(at, true) !== CENTRAL || view.getUint16(at + 10, true) !== 0) throw new Error("not an archive of stored entries");
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    yield [text.decode(zip.subarray(at + 46, at + 46 + nameLength)), zip.subarray(start, start + size)];
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}
