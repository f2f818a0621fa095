// Inputs as a model declares them: the same values in another shape, or as another type of number.
// The rules are those of the exporter (cc_export/onnx_models/session.py), so that both ask a model the same.
import type { Tensor, TensorData, TensorType } from "../engine/contract.ts";

/** What onnxruntime tells of an input: a side is a number, or a name where it is free. */
export interface Declared {
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

type Numbers = Iterable<number> & ArrayLike<number>;

const CONVERTED: Readonly<Partial<Record<TensorType, (values: Numbers) => TensorData>>> = {
  float64: (values) => Float64Array.from(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
  int32: (values) => Int32Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  int8: (values) => Int8Array.from(values),
  bool: (values) => Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
};

/** The tensor as the model takes it, or as it is where it does not fit: onnxruntime then says how. */
export function asDeclared(tensor: Tensor, declared: Declared | undefined): Tensor {
  if (!declared) return tensor;
  const { type, data } = tensor;
  const wanted = declared.type as TensorType;
  const convert = type === "float32" && wanted !== type ? CONVERTED[wanted] : undefined;
  const dims = shaped(tensor.dims, declared.shape);
  return convert ? { type: wanted, dims, data: convert(data as Float32Array) } : { type, dims, data };
}

/** A column fits [instances, 1], a row of pixels [instances, 1, 28, 28]; one free side takes what is left. */
function shaped(dims: readonly number[], declared: readonly (number | string)[]): readonly number[] {
  const [count, ...inner] = dims;
  if (count === undefined || declared.length === 0 || declared.length === dims.length) return dims;
  const product = (sides: readonly number[]) => sides.reduce((all, side) => all * side, 1);
  const sides = declared.slice(1);
  const known = product(sides.filter((side) => typeof side === "number"));
  const free = sides.filter((side) => typeof side !== "number").length;
  const row = product(inner);
  if (row === 0 || free > 1 || known < 1 || row % known !== 0 || (free === 0 && row !== known)) return dims;
  return [count, ...sides.map((side) => (typeof side === "number" ? side : row / known))];
}
