import { describe, expect, test } from "vitest";
import { float16, numbersOf } from "./tensor.ts";

describe("tensors as numbers", () => {
  test.each([
    [0x0000, 0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125], [0x7bff, 65504], [0x0001, 2 ** -24], [0x03ff, 1023 * 2 ** -24],
    [0x7c00, Infinity], [0xfc00, -Infinity], [0x8000, -0],
  ])("float16 bits %i are %d", (bits, value) => {
    expect(float16(bits)).toBe(value);
  });

  test("float16 has NaN", () => {
    expect(float16(0x7e00)).toBeNaN();
  });

  test("every type becomes numbers", () => {
    expect([...numbersOf({ type: "float16", dims: [2], data: Uint16Array.of(0x3c00, 0x4000) })]).toEqual([1, 2]);
    expect([...numbersOf({ type: "int64", dims: [2], data: BigInt64Array.of(-1n, 2n) })]).toEqual([-1, 2]);
    expect([...numbersOf({ type: "bool", dims: [2], data: Uint8Array.of(0, 1) })]).toEqual([0, 1]);
    expect([...numbersOf({ type: "float64", dims: [1], data: Float64Array.of(0.1) })]).toEqual([0.1]);
  });

  test("strings have none", () => {
    expect(() => numbersOf({ type: "string", dims: [1], data: ["a"] })).toThrow("a tensor of strings has no numbers");
  });
});
