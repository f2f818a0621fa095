// Tensors as the engine returns them, and their values as plain numbers.
import type { Tensor } from "./contract.ts";

/**
 * The values as numbers a chart can use: float16 from its bits, int64 rounded to the nearest float64.
 * @throws TypeError for strings, which have no number
 */
export function numbersOf({ type, data }: Tensor): Float32Array | Float64Array {
  if (type === "string") throw new TypeError("a tensor of strings has no numbers");
  if (type === "float16") return Float32Array.from(data as Uint16Array, float16);
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return Float64Array.from(data as Int32Array);
}

/** The value of an IEEE 754 half-precision number from its 16 bits. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
