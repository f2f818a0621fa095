import { describe, expect, test } from "vitest";
import { secondLine } from "./longName.ts";

describe("where a long name turns to its second line", () => {
  const turn = (name: string): [string, string] => {
    const at = secondLine([...name]);
    return [name.slice(0, at), name.slice(at)];
  };

  test("after the mark nearest to its middle", () => {
    expect(turn("resnet50trained-magnitudepruning50_compressed")).toEqual(["resnet50trained-", "magnitudepruning50_compressed"]);
    expect(turn("resnet50-magnitude50_compressed_quantizeint8")).toEqual(["resnet50-magnitude50_", "compressed_quantizeint8"]);
  });

  test("in the middle where there is none near it, and nowhere in a short one", () => {
    expect(turn("x".repeat(40))).toEqual(["x".repeat(20), "x".repeat(20)]);
    expect(turn("mobilenetv2trained")).toEqual(["", "mobilenetv2trained"]);
  });
});
