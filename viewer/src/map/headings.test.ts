import { describe, expect, it } from "vitest";
import { headingWidth, placeHeadings } from "./headings.ts";

const measure = (text: string): number => [...text].length * 6;

function headings(labels: readonly string[], pitch: number, weights: readonly number[] = []): string[] {
  const columns = labels.map((label, index) => ({ label, x: 20 + index * pitch, weight: weights[index] ?? 1 }));
  return placeHeadings(columns, 20 + labels.length * pitch, measure).map(({ lines }) => lines.join("|"));
}

describe("headings of columns", () => {
  it("stand on one line where there is room, else on two, else they are cut", () => {
    expect(headings(["magnitude prune", "train"], 140)).toEqual(["magnitude prune", "train"]);
    expect(headings(["magnitude prune", "train"], 76)).toEqual(["magnitude|prune", "train"]);
    expect(headings(["magnitude prune", "train"], 56)[0]).toMatch(/^ma.*….*\|prune$/);
  });

  it("need no more room than the wider of their lines", () => {
    expect(headingWidth("magnitude prune (2)", measure)).toBeLessThan(measure("magnitude prune"));
    expect(headingWidth("train", measure)).toBeGreaterThan(measure("train"));
  });

  it("of columns with many models win where columns stand close, and none overlaps the next", () => {
    const labels = Array.from({ length: 30 }, (_, index) => `operation ${index}`);
    const weights = labels.map((_, index) => (index === 7 ? 100 : 1));
    const placed = headings(labels, 14, weights);
    expect(placed[7]).not.toBe("");
    expect(placed.filter(Boolean).length).toBeGreaterThan(5);
    let free = 0;
    for (const [index, lines] of placed.entries()) {
      if (!lines) continue;
      expect(index * 14).toBeGreaterThanOrEqual(free);
      free = index * 14 + Math.max(...lines.split("|").map(measure));
    }
  });

  it("that are empty take no room", () => {
    expect(headings(["no date", "", ""], 20)).toEqual(["no date", "", ""]);
  });
});
