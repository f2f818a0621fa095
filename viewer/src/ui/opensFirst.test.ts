import { describe, expect, it } from "vitest";
import { choosesClosed } from "./opensFirst.ts";

const press = (key: string, more = {}) => choosesClosed({ key, altKey: false, ctrlKey: false, metaKey: false, ...more });

describe("a list that acts on what is chosen", () => {
  it("is opened by the keys that would choose at once, and by no others", () => {
    expect(["ArrowDown", "ArrowUp", "Home", "PageDown", "a", "é"].map((key) => press(key))).toEqual(Array(6).fill(true));
    expect(["Tab", "Enter", "Escape", "Shift", " ", "F5"].map((key) => press(key))).toEqual(Array(6).fill(false));
  });

  it("leaves the browser's own keys alone", () => {
    expect([press("ArrowDown", { altKey: true }), press("r", { ctrlKey: true }), press("r", { metaKey: true })]).toEqual([false, false, false]);
  });
});
