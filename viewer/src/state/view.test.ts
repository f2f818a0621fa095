import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { defaultView, hashToView, viewToHash, type View } from "./view.ts";

const HOSTILE = ["a,b & c=d", 'quotes "\'', "😀#%", "<img src=x onerror=alert(1)>", "__proto__", "x".repeat(300), "line\u2028end"];
const study = smallStudy(HOSTILE.map((id) => model(id)), [metric("Accuracy"), metric("Size", { direction: "lower" })]);
const initial = defaultView(study);

describe("the view in the address", () => {
  it("starts with accuracy as colour and size as size", () => {
    expect([initial.colour, initial.size]).toEqual(["Accuracy", "Size"]);
  });

  it("is empty for what a first-time reader sees", () => {
    expect(viewToHash(initial, initial)).toBe("");
  });

  it("comes back exactly, whatever the ids hold", () => {
    const view: View = {
      selection: HOSTILE, base: HOSTILE[3] ?? null, colour: null, size: "Accuracy", sort: "Size", descending: true,
      instance: 7, activation: "/a/b&c=d",
    };
    expect(hashToView(`#${viewToHash(view, initial)}`, initial, study)).toEqual(view);
  });

  it("leaves out what the study does not have", () => {
    const view = hashToView("#model=gone&model=__proto__&base=gone&colour=Gone&instance=99&instance=x", initial, study);
    expect(view).toEqual({ ...initial, selection: ["__proto__"], colour: null });
  });
});
