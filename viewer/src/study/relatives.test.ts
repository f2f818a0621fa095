import { describe, expect, it } from "vitest";
import { model, smallStudy } from "./fixture.ts";
import { othersThan, RELATIONS, relativesOf } from "./relatives.ts";

/**
 *   a ─ b ─ d
 *     └ c ─┴ (d is distilled from b and c) ─ e
 *   r, on its own
 */
const study = smallStudy(
  [model("a"), model("b", "a"), model("c", "a"), { ...model("d", "b"), parents: ["b", "c"] }, model("e", "d"), model("r")],
  [],
);

describe("relatives", () => {
  it("are found over every parent, and never include the models that were asked about", () => {
    expect(relativesOf(study, ["d"], "parents")).toEqual(["b", "c"]);
    expect(relativesOf(study, ["c"], "children")).toEqual(["d"]);
    expect(relativesOf(study, ["e"], "ancestors")).toEqual(["a", "b", "c", "d"]);
    expect(relativesOf(study, ["a"], "descendants")).toEqual(["b", "c", "d", "e"]);
    expect(relativesOf(study, ["b"], "siblings")).toEqual(["c"]);
    expect(relativesOf(study, ["b", "c"], "siblings")).toEqual([]);
  });

  it("come from any number of models at once, each once, in study order", () => {
    expect(relativesOf(study, ["c", "b"], "children")).toEqual(["d"]);
    expect(relativesOf(study, ["e", "b"], "ancestors")).toEqual(["a", "c", "d"]);
  });

  it("do not exist for a lone root, for nothing and for a model that the study does not have", () => {
    for (const relation of RELATIONS) {
      expect(relativesOf(study, ["r"], relation)).toEqual([]);
      expect(relativesOf(study, [], relation)).toEqual([]);
      expect(relativesOf(study, ["gone"], relation)).toEqual([]);
    }
  });

  it("of a chain of 5,000 models are found without running out of stack", () => {
    const chain = Array.from({ length: 5000 }, (_, index) => model(`m${index}`, index === 0 ? null : `m${index - 1}`));
    expect(relativesOf(smallStudy(chain, []), ["m0"], "descendants")).toHaveLength(4999);
  });
});

describe("the others", () => {
  it("are all models but these", () => {
    expect(othersThan(study, ["a", "e"])).toEqual(["b", "c", "d", "r"]);
  });
});
