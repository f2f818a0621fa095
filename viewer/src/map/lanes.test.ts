import { describe, expect, it } from "vitest";
import type { LayoutModel } from "./forest.ts";
import { frameOf, rowHeightOf } from "./frame.ts";
import { randomForest } from "./generate.ts";
import { lanesOf, noLanes } from "./lanes.ts";
import { layoutOf } from "./layout.ts";

const LINE = 10;
const model = (id: string, operation: string, ...parents: string[]): LayoutModel => ({ id, parents, operation, created: null });
const leaves = (count: number): LayoutModel[] => [
  model("parent", "train"),
  ...Array.from({ length: count }, (_, index) => model(`leaf ${index}`, "prune", "parent")),
];

describe("lanes of a column", () => {
  it("are one where rows are as wide apart as lines of text", () => {
    const layout = layoutOf("operation", leaves(20));
    expect(lanesOf(layout, LINE, LINE)).toEqual(noLanes(layout, LINE));
  });

  it("are as few as give each of 60 leaves a line of text", () => {
    const layout = layoutOf("operation", leaves(60));
    expect(lanesOf(layout, 5.1, LINE)).toMatchObject({ counts: [1, 2], pitch: 10.2 });
    const three = lanesOf(layout, 3.4, LINE);
    expect(three.counts).toEqual([1, 3]);
    expect(three.pitch).toBeCloseTo(10.2);
  });

  it("are none on a time axis and in a crowd", () => {
    const layout = layoutOf("operation", leaves(400));
    expect(lanesOf(layout, 0.8, LINE)).toEqual(noLanes(layout, 0.8));
  });

  it("keep models of a lane a line apart, children right of parents, and all models apart", () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const layout = layoutOf("operation", randomForest(seed, 60));
      const height = 300;
      const rowHeight = rowHeightOf(layout, height);
      const lanes = lanesOf(layout, rowHeight, LINE);
      const { points, columnX } = frameOf(layout, layout.columns.map(() => 60), lanes, 4000, height);
      const places = [...layout.places.values()];
      for (const [index, a] of places.entries()) {
        for (const b of places.slice(index + 1)) {
          if (a.column !== b.column || (lanes.laneOf.get(a.id) ?? 0) !== (lanes.laneOf.get(b.id) ?? 0)) continue;
          expect(Math.abs(points.get(a.id)!.y - points.get(b.id)!.y)).toBeGreaterThanOrEqual(lanes.pitch - 1e-9);
        }
      }
      for (const { parent, child } of layout.links) expect(points.get(child)!.x).toBeGreaterThan(points.get(parent)!.x);
      for (const { id, column } of places) {
        expect(points.get(id)!.x).toBeGreaterThanOrEqual(columnX[column]!);
        if (column + 1 < columnX.length) expect(points.get(id)!.x).toBeLessThan(columnX[column + 1]!);
      }
    }
  });
});
