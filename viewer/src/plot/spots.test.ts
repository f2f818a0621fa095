import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { pressedSpot, spotsOf, unshownOf } from "./spots.ts";

const ACCURACY = metric("Accuracy");
const LATENCY = metric("Latency");

describe("spotsOf", () => {
  it("puts models of one pixel together and keeps all of them", () => {
    const points = new Map([["a", { x: 1, y: 1 }], ["b", { x: 9, y: 1 }], ["c", { x: 1.2, y: 0.9 }]]);
    expect(spotsOf(points)).toEqual([{ id: "a", x: 1, y: 1, models: ["a", "c"] }, { id: "b", x: 9, y: 1, models: ["b"] }]);
  });
});

describe("pressedSpot", () => {
  const pressed = (selection: string[], toggle: boolean, open = (_: string) => true) => pressedSpot(["a", "b"], selection, open, toggle);

  it("selects what the point stands for, and nothing once that is all that is selected", () => {
    expect(pressed(["c"], false)).toEqual(["a", "b"]);
    expect(pressed(["b", "a"], false)).toEqual([]);
  });

  it("adds it, and takes it out again", () => {
    expect(pressed(["c", "b"], true)).toEqual(["c", "b", "a"]);
    expect(pressed(["c", "b", "a"], true)).toEqual(["c"]);
  });

  it("leaves alone what filters hide: its neighbour on the point is selected, deselected and taken out without it", () => {
    const open = (id: string) => id !== "b";
    expect(pressed([], false, open)).toEqual(["a"]);
    expect(pressed(["a"], false, open)).toEqual([]);
    expect(pressed(["c", "a"], true, open)).toEqual(["c"]);
    expect(pressed(["c"], false, () => false)).toEqual(["c"]);
  });
});

describe("unshownOf", () => {
  it("says of each model that has no place what it lacks", () => {
    const models = [
      model("whole", null, { Accuracy: 1, Latency: 2 }), model("a", null, { Accuracy: 1 }), model("b", null, { Accuracy: "NaN", Latency: 1 }),
      model("c", null, { Accuracy: 0 }), model("d"),
    ];
    const study = smallStudy(models, [ACCURACY, LATENCY]);
    expect(unshownOf(study, models.map(({ id }) => id), [LATENCY, ACCURACY])).toEqual([
      { reason: "no Latency", models: ["a", "c"] },
      { reason: "Accuracy is NaN", models: ["b"] },
      { reason: "no Latency, no Accuracy", models: ["d"] },
    ]);
  });

  it("names a metric once when it is on both axes", () => {
    expect(unshownOf(smallStudy([model("a")], [ACCURACY]), ["a"], [ACCURACY, ACCURACY])).toEqual([{ reason: "no Accuracy", models: ["a"] }]);
  });
});
