import { describe, expect, it } from "vitest";
import type { ModelRecord } from "../bundle/types.gen.ts";
import { WHOLE, transformOf } from "./camera.ts";
import { crowdOf, looksOf, marksOf, namesOf, ribbonsOf, standingOf, type View } from "./crowd.ts";
import { frameOf } from "./frame.ts";
import { noLanes } from "./lanes.ts";
import { layoutByOperation } from "./layout.ts";
import { COURSE, LOOK, NONE } from "./paint.ts";
import type { ColourScale, SizeScale } from "./scales.ts";

const LACKING = { missing: [], undefined: [], infinite: [] };

/** A root with `count` children, and one child of two parents. */
function family(count: number) {
  const made = (id: string, parents: string[], operation: string | null): ModelRecord =>
    ({ id, parents, operation: operation === null ? null : { name: operation, parameters: {} }, failure: id === "c1" ? "broken" : null }) as unknown as ModelRecord;
  const children = Array.from({ length: count }, (_, index) => made(`c${index}`, ["root"], "prune"));
  return [made("root", [], null), ...children, made("both", ["c0", "root"], "train")];
}

function picture(models: readonly ModelRecord[], change: Partial<View> = {}) {
  const layout = layoutByOperation(models.map(({ id, parents, operation }) => ({ id, parents, operation: operation?.name ?? null, created: null })));
  const frame = frameOf(layout, layout.columns.map(() => 60), noLanes(layout, 10), 400, 300);
  const crowd = crowdOf(models, layout.links);
  const colours = { of: (id: string) => (id === "c2" ? null : id === "root" ? "rgb(1, 2, 3)" : "rgb(9, 9, 9)"), at: () => "", extent: null, lacking: LACKING } satisfies ColourScale;
  const sizes = { of: (id: string) => id.length, has: (id: string) => id !== "c0", extent: null, radius: () => 1, lacking: LACKING } satisfies SizeScale;
  const view: View = {
    at: transformOf({ width: 400, height: 300, most: frame.most }, WHOLE),
    width: 400,
    height: 300,
    drawn: (radius) => radius,
    half: (radius) => radius / 2,
    passing: new Uint8Array(models.length).fill(1),
    rings: new Map(),
    plain: 0,
    ...change,
  };
  const standing = standingOf(crowd, frame);
  const looks = looksOf(models, colours, sizes, true, ["plain", "ring"]);
  return { crowd, frame, looks, marks: marksOf(crowd, standing, looks, view), ribbons: ribbonsOf(crowd, standing, looks, view) };
}

describe("a crowd", () => {
  const models = family(5);

  it("stands where the frame says, each model with its colour, radius and look", () => {
    const { frame, looks, marks } = picture(models);
    models.forEach(({ id }, index) => {
      const { x, y } = frame.points.get(id)!;
      expect([...marks.places.slice(3 * index, 3 * index + 2)]).toEqual([Math.fround(x), Math.fround(y)]);
      expect(marks.places[3 * index + 2]).toBe(id.length);
    });
    const at = (id: string): number => models.findIndex((model) => model.id === id);
    expect(looks.palette[marks.colours[at("root")]!]).toBe("rgb(1, 2, 3)");
    expect(marks.colours[at("c2")]).toBe(NONE);
    expect([...marks.looks].map((look) => look & LOOK.sized)).toEqual(models.map(({ id }) => (id === "c0" ? 0 : LOOK.sized)));
    expect(marks.looks[at("c1")]! & LOOK.failed).toBe(LOOK.failed);
  });

  it("is linked parent to child, faintly to what filters hide and to further parents", () => {
    const passing = new Uint8Array(models.length).fill(1);
    passing[models.findIndex(({ id }) => id === "c3")] = 0;
    const { crowd, marks, ribbons } = picture(models, { passing });
    expect(crowd.links.length).toBe(7);
    crowd.links.forEach(({ parent, child, order }, link) => {
      const [fromX, fromY, toX, toY, , fromHalf, toHalf] = ribbons.courses.slice(COURSE * link);
      const place = (id: string): number[] => [...marks.places.slice(3 * crowd.placeOf.get(id)!)].slice(0, 2);
      expect([[fromX, fromY], [toX, toY]]).toEqual([place(parent), place(child)]);
      expect([fromHalf, toHalf]).toEqual([parent.length / 2, child.length / 2]);
      expect(ribbons.opacities[link]).toBeCloseTo(child === "c3" ? 0.07 : order > 0 ? 0.28 : 0.4);
    });
    expect(crowd.links.map(({ child }, link) => (child === "c2" ? ribbons.colours[2 * link + 1] : null)).filter((colour) => colour !== null)).toEqual([0]);
    expect([...marks.looks].filter((look) => look & LOOK.faint).length).toBe(1);
  });

  it("has rings where they are wanted", () => {
    const { marks } = picture(models, { rings: new Map([[0, { colour: 1, dashed: true, name: null }], [3, { colour: 1, dashed: false, name: 1 }]]) });
    expect([...marks.looks].map((look) => look & (LOOK.ringed | LOOK.dashed))).toEqual([LOOK.ringed | LOOK.dashed, 0, 0, LOOK.ringed, 0, 0, 0]);
    expect(marks.rings[3]).toBe(1);
  });

  it("has names in the colour of what is selected, faint where filters hide the model", () => {
    const { crowd } = picture(models);
    const label = (text: string) => ({ text, x: text.length, y: 7, width: 20 });
    const labels = new Map([["root", label("root")], ["c2", label("c…2")], ["both", label("both")]]);
    const [passing, rings] = [new Uint8Array(models.length).fill(1), new Map([[0, { colour: 4, dashed: true, name: null }], [3, { colour: 5, dashed: false, name: 5 }]])];
    passing[6] = 0;
    const names = namesOf(crowd, labels, { passing, rings }, 1);
    expect(names.texts).toEqual(["root", "c…2", "both"]);
    expect([...names.places]).toEqual([4, 7, 3, 7, 4, 7]);
    expect([[...names.colours], [...names.faint]]).toEqual([[1, 5, 1], [0, 0, 1]]);
  });

  it("leaves out what is out of view, but not a link that crosses it", () => {
    const { frame } = picture(models);
    const [root, child] = [frame.points.get("root")!, frame.points.get("c0")!];
    // Between the two, so near that neither can be seen.
    const zoom = 50;
    const at = { kx: zoom, ky: 1, x: 200 - (zoom * (root.x + child.x)) / 2, y: 0 };
    const { marks, ribbons } = picture(models, { at });
    expect(marks.looks.length).toBe(0);
    // To five children, and past them to the one of two parents.
    expect(ribbons.opacities.length).toBe(6);
    expect(picture(models, { at: { kx: 1, ky: 1, x: 5000, y: 0 } }).ribbons.opacities.length).toBe(0);
  });
});
