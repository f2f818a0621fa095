import { describe, expect, it } from "vitest";
import { sharedStart } from "./sharedStart.ts";

function rest(...names: string[]): string[] {
  const shared = sharedStart(names);
  return names.map((name) => [...name].slice(shared).join(""));
}

describe("what names share at their beginning", () => {
  it("ends where a word or a number begins, so that no number is torn apart", () => {
    expect(rest("resnet50-prune50-int8", "resnet50-prune75")).toEqual(["50-int8", "75"]);
    expect(rest("resnet50-prune-0.5", "resnet50-prune-0.55")).toEqual(["0.5", "0.55"]);
    expect(rest("resnet50-train10", "resnet50-train100")).toEqual(["10", "100"]);
    expect(rest("🤖 robot/model a", "🤖 robot/model b")).toEqual(["a", "b"]);
  });

  it("is nothing where little is shared, for one name, and where a name would vanish", () => {
    expect(rest("resnet8", "resnet50")).toEqual(["resnet8", "resnet50"]);
    expect(rest("resnet50-prune-0.5")).toEqual(["resnet50-prune-0.5"]);
    expect(rest("resnet50-prune", "resnet50-prune-train")).toEqual(["prune", "prune-train"]);
    expect(rest("a long name ", "a long name of another")).toEqual(["a long name ", "a long name of another"]);
    expect(sharedStart([])).toBe(0);
  });
});
