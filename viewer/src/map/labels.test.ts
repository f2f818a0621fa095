import { describe, expect, it } from "vitest";
import { randomNumbers } from "./generate.ts";
import { placeLabels, type Named } from "./labels.ts";

const measure = (text: string): number => [...text].length * 6;

function named(id: string, x: number, y: number, text = id, reach = 200): Named {
  return { id, x, y, radius: 5, text, reach };
}

describe("names beside models", () => {
  it("stand right of their model where there is room", () => {
    const label = placeLabels([named("resnet", 100, 50)], [{ x: 100, y: 50, radius: 5 }], 12, measure).get("resnet");
    expect(label).toMatchObject({ text: "resnet", x: 111, width: 36 });
  });

  it("are cut before the next model of their row, and left out where little would be left", () => {
    const far = [named("a", 0, 0, "a long name for one"), named("b", 80, 0)];
    expect(placeLabels(far, far, 12, measure).get("a")?.text).toMatch(/^a lo.*…/);
    const near = [named("a", 0, 0, "a long name for one"), named("b", 30, 0)];
    expect([...placeLabels(near, near, 12, measure).keys()]).toEqual(["b"]);
  });

  it("give way to names that are wanted more", () => {
    const close = [named("wanted", 0, 4), named("other", 0, 0)];
    expect([...placeLabels(close, [], 12, measure).keys()]).toEqual(["wanted"]);
  });

  it("stand above or below their model where there is no room beside it, if that is allowed", () => {
    const chain = [named("the first", 0, 50), named("second", 30, 50), named("third", 60, 50)];
    expect([...placeLabels(chain, chain, 12, measure).keys()]).toEqual(["third"]);
    const labels = placeLabels(chain, chain, 12, measure, { top: 0, bottom: 100 });
    expect(labels.get("the first")).toMatchObject({ text: "the first", x: -5 });
    expect(labels.get("the first")!.y).toBeLessThan(45);
    expect(labels.get("second")!.y).toBeGreaterThan(55);
    // Nothing stands above the drawing.
    expect(placeLabels(chain, chain, 12, measure, { top: 40, bottom: 100 }).get("the first")!.y).toBeGreaterThan(55);
  });

  it("stand apart above and below as well, however crowded", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = randomNumbers(seed);
      const names = Array.from({ length: 60 }, (_, index) => named(`name ${index} ${"x".repeat(random(20))}`, random(700), 10 + random(280)));
      const labels = placeLabels(names, names, 12, measure, { top: 0, bottom: 300 });
      const boxes = [...labels].map(([id, { x, y, width }]) => ({ id, left: x, right: x + width, middle: y - 12 * 0.32 }));
      const pairs = boxes.flatMap((a, index) =>
        boxes.slice(index + 1).filter((b) => a.left < b.right && b.left < a.right && Math.abs(a.middle - b.middle) < 11.9).map((b) => [a.id, b.id]),
      );
      const covered = boxes.flatMap((a) =>
        names.filter(({ id, x, y, radius }) => id !== a.id && a.left < x + radius - 0.1 && x - radius + 0.1 < a.right && Math.abs(a.middle - y) < 6 + radius - 0.1).map(({ id }) => [a.id, id]),
      );
      expect([...pairs, ...covered]).toEqual([]);
    }
  });

  it("never meet one another or a model, however crowded", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = randomNumbers(seed);
      const names = Array.from({ length: 300 }, (_, index) => named(`name ${index} ${"x".repeat(random(30))}`, random(800), random(400)));
      const labels = placeLabels(names, names, 12, measure);
      expect(labels.size).toBeGreaterThan(0);
      const boxes = [...labels].map(([id, { x, width }]) => ({ id, left: x, right: x + width, y: names.find((one) => one.id === id)!.y }));
      const meet = (a: (typeof boxes)[number], y: number, left: number, right: number): boolean =>
        Math.abs(a.y - y) < 11.9 && a.left < right && left < a.right;
      const pairs = boxes.flatMap((a, index) => boxes.slice(index + 1).filter((b) => meet(a, b.y, b.left, b.right)));
      const covered = boxes.flatMap((a) => names.filter(({ id, x, y }) => id !== a.id && meet(a, y, x - 5, x + 5)));
      expect([...pairs, ...covered]).toEqual([]);
    }
  });
});
