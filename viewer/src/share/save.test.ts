import { describe, expect, it } from "vitest";
import { fileName } from "./save.ts";

describe("names of saved files", () => {
  it("are what every file system takes, whatever a study is called", () => {
    expect(fileName("Digits", "Model Map", "svg")).toBe("Digits - Model Map.svg");
    expect(fileName("../a/b\\c:\u0000 <d>", "Bars", "png")).toBe("a b c d - Bars.png");
    expect(fileName("😀".repeat(100), "Models", "csv")).toBe(`${"😀".repeat(60)} - Models.csv`);
    expect(fileName("...", "Models", "csv")).toBe("study - Models.csv");
  });
});
