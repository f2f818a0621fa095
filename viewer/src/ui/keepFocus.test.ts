import { describe, expect, it } from "vitest";
import { heirOf } from "./keepFocus.ts";

/** Controls by kind; those in brackets are gone. */
const controls = (...kinds: string[]) => kinds.map((kind) => ({ kind: kind.replace(/[[\]]/g, ""), there: !kind.startsWith("[") }));

describe("the focus of a control that is gone", () => {
  it("goes to the next of its kind, or the one before", () => {
    expect(heirOf(controls("out", "base", "[out]", "base", "out"), 2)).toBe(4);
    expect(heirOf(controls("out", "base", "[out]", "base"), 2)).toBe(0);
  });

  it("goes to the next of any kind, or the one before, when it was the last of its kind", () => {
    expect(heirOf(controls("", "[out]", "[out]", "", ""), 1)).toBe(3);
    expect(heirOf(controls("", "", "[]"), 2)).toBe(1);
  });

  it("has nowhere to go when all are gone", () => {
    expect(heirOf(controls("[out]", "[]"), 0)).toBeNull();
    expect(heirOf([], -1)).toBeNull();
  });
});
