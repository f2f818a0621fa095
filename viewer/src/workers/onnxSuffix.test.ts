import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exposeSuffix, graphOutputs } from "./onnxSuffix.ts";

const model = readFileSync(new URL("../../../tests/browser/models/perceptron.onnx", import.meta.url));

describe("exposing intermediate tensors", () => {
  test("appends graph outputs in the form of protobuf", () => {
    // graph (7): output (12): name (1): "h"
    expect([...exposeSuffix(["h"])]).toEqual([0x3a, 5, 0x62, 3, 0x0a, 1, 0x68]);
  });

  test("spells long names with lengths of several bytes", () => {
    const suffix = exposeSuffix(["x".repeat(300)]);
    expect([...suffix.subarray(0, 3)]).toEqual([0x3a, 0xb2, 0x02]);
    expect(graphOutputs(suffix)).toEqual(["x".repeat(300)]);
  });

  test("reads a graph's outputs, its own and the exposed ones", () => {
    expect(graphOutputs(model)).toEqual(["y"]);
    expect(graphOutputs(new Uint8Array([...model, ...exposeSuffix(["hidden", "/block/é"])]))).toEqual(["y", "hidden", "/block/é"]);
  });

  test("adds nothing for no names", () => {
    expect(exposeSuffix([])).toHaveLength(0);
  });

  test("says when a file ends too early, or is something else", () => {
    expect(() => graphOutputs(Uint8Array.of(0x3a, 0xff))).toThrow("ends in the middle of a field");
    expect(() => graphOutputs(new TextEncoder().encode("<html>"))).toThrow("not a protobuf message");
  });
});
