import { describe, expect, it } from "vitest";
import type { Tensor } from "../engine/contract.ts";
import { asDeclared } from "./declared.ts";

const tensor = (dims: readonly number[]): Tensor => ({
  type: "float32", dims, data: Float32Array.from({ length: dims.reduce((all, side) => all * side, 1) }, (_, at) => at - 1.5),
});

describe("inputs as declared", () => {
  it.each([
    [[1], ["n", 1], [1, 1]],
    [[1, 1], ["n"], [1]],
    [[1, 6], ["n", 1, 2, 3], [1, 1, 2, 3]],
    [[1, 6], ["n", 2, "rest"], [1, 2, 3]],
    [[1, 2, 3], ["n", 2, 3], [1, 2, 3]],
    [[1, 7], ["n", 2, 3, 1], [1, 7]],
    [[1, 6], ["n", "a", "b", 1], [1, 6]],
    [[1, 4], [], [1, 4]],
  ])("%j becomes %j as %j", (dims, shape, expected) => {
    const found = asDeclared(tensor(dims), { type: "float32", shape });
    expect(found).toEqual({ ...tensor(dims), dims: expected });
  });

  it("are the type of number that the model takes, cut towards zero", () => {
    const given = tensor([1, 3]);
    const as = (type: string) => asDeclared(given, { type, shape: ["n", 3] });
    expect(as("int64")).toEqual({ type: "int64", dims: [1, 3], data: BigInt64Array.of(-1n, 0n, 0n) });
    expect(as("int32").data).toEqual(Int32Array.of(-1, 0, 0));
    expect(as("float64").data).toEqual(Float64Array.of(-1.5, -0.5, 0.5));
    expect(as("bool").data).toEqual(Uint8Array.of(1, 1, 1));
    expect(as("string")).toEqual(given);
    expect(asDeclared(given, undefined)).toBe(given);
  });
});
