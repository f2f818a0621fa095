// Arrays that were made small for a file: bytes by place, in zlib's format.
import type { PackedRecord } from "./types.gen.ts";
import { float16 } from "../engine/tensor.ts";
import { fromBase64 } from "./decode.ts";

export type PackedNumbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

const READERS: Readonly<Record<string, (bytes: ArrayBuffer) => PackedNumbers>> = {
  uint8: (bytes) => new Uint8Array(bytes),
  int8: (bytes) => new Int8Array(bytes),
  bool: (bytes) => new Uint8Array(bytes),
  uint16: (bytes) => new Uint16Array(bytes),
  int16: (bytes) => new Int16Array(bytes),
  uint32: (bytes) => new Uint32Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  float16: (bytes) => Float32Array.from(new Uint16Array(bytes), float16),
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
};

/**
 * The numbers of a packed array, in C order.
 * @throws Error when it is damaged or of a type that is not known
 */
export async function unpacked(record: PackedRecord): Promise<PackedNumbers> {
  const read = READERS[record.dtype];
  if (!read) throw new Error(`Arrays of type ${record.dtype} cannot be read.`);
  const stream = new Blob([fromBase64(record.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const count = record.shape.reduce((product, side) => product * side, 1);
  const size = count === 0 ? 1 : planes.length / count;
  const bytes = new Uint8Array(planes.length);
  for (let place = 0; place < size; place += 1) {
    for (let at = 0; at < count; at += 1) bytes[at * size + place] = planes[place * count + at] ?? 0;
  }
  return read(bytes.buffer);
}
