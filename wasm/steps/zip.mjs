// Just enough zip: read any ordinary archive (wheels, Pyodide's stdlib), write one whose bytes depend on its contents only.
import { crc32, inflateRawSync } from "node:zlib";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const DEFLATED = 8;
/** 1980-01-01 00:00, the earliest DOS date: a real date would make two equal builds differ. */
const EPOCH = { time: 0, date: (1 << 5) | 1 };

/**
 * The files of an archive that are wanted; folders are left out.
 * @param {Buffer} zip
 * @param {(name: string) => boolean} [wanted]
 * @returns {Map<string, Buffer>} in the archive's order
 */
export function readZip(zip, wanted = () => true) {
  const files = new Map();
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new Error(`not a zip archive: no end record in ${zip.length} bytes`);
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    if (zip.readUInt32LE(at) !== CENTRAL) throw new Error(`zip archive: no directory entry at byte ${at}`);
    const method = zip.readUInt16LE(at + 10);
    const size = zip.readUInt32LE(at + 20);
    const nameLength = zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    if (!name.endsWith("/") && wanted(name)) {
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const stored = zip.subarray(start, start + size);
      files.set(name, method === DEFLATED ? inflateRawSync(stored) : stored);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return files;
}

/**
 * A zip of uncompressed entries, sorted by name. It is compressed as a whole afterwards, which is smaller than compressing each
 * entry, and Python then reads modules from it without inflating each one.
 * @param {Map<string, Uint8Array>} files
 * @returns {Buffer}
 */
export function writeStoredZip(files) {
  const bodies = [];
  const directory = [];
  let offset = 0;
  for (const name of [...files.keys()].sort()) {
    const content = files.get(name);
    const title = Buffer.from(name, "utf8");
    const fields = entryFields(content, title);
    const local = Buffer.concat([uint32(LOCAL), fields, title]);
    bodies.push(local, content);
    directory.push(centralEntry(fields, title, offset));
    offset += local.length + content.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...bodies, central, endRecord(files.size, central.length, offset)]);
}

/** The 26 bytes that the local header and the directory entry share. */
function entryFields(content, title) {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0); // version needed
  fields.writeUInt16LE(0x0800, 2); // names are UTF-8
  fields.writeUInt16LE(0, 4); // stored
  fields.writeUInt16LE(EPOCH.time, 6);
  fields.writeUInt16LE(EPOCH.date, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(title.length, 22);
  return fields;
}

function centralEntry(fields, title, offset) {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(20, 4); // version made by
  const tail = Buffer.alloc(14); // comment, disk and attributes stay zero
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([head, fields, tail, title]);
}

function endRecord(count, size, offset) {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
