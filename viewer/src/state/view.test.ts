import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { defaultView, hashToView, refinedBy, viewToHash, type View } from "./view.ts";

const HOSTILE = ["a,b & c=d", 'quotes "\'', "😀#%", "<img src=x onerror=alert(1)>", "__proto__", "x".repeat(300), "line\u2028end"];
const MODELS = HOSTILE.map((id, index) => ({ ...model(id, HOSTILE[index - 1] ?? null), created: `2026-01-0${index + 1}` }));
const study = smallStudy(MODELS, [metric("Accuracy"), metric("Size", { direction: "lower" })]);
const initial = defaultView(study);

describe("the view in the address", () => {
  it("starts with accuracy as colour and size as size", () => {
    expect([initial.colour, initial.size]).toEqual(["Accuracy", "Size"]);
  });

  it("plots what a model costs against how good it is, primary metrics first", () => {
    const axes = (...metrics: Parameters<typeof smallStudy>[1]): (string | null)[] => {
      const { plotX, plotY } = defaultView(smallStudy([], metrics));
      return [plotX, plotY];
    };
    const lower = { direction: "lower" } as const;
    expect([initial.plotX, initial.plotY]).toEqual(["Size", "Accuracy"]);
    expect(axes(metric("Loss", lower), metric("FLOPs", lower), metric("BLEU"))).toEqual(["Loss", "BLEU"]);
    expect(axes(metric("Age", { primary: false, ...lower }), metric("F1"), metric("Latency", lower))).toEqual(["Latency", "F1"]);
    expect(axes(metric("Sparsity", { direction: null }), metric("Depth", { direction: null }))).toEqual(["Depth", "Sparsity"]);
    expect(axes(metric("Only"))).toEqual(["Only", "Only"]);
    expect(axes()).toEqual([null, null]);
  });

  it("keeps a metric on each axis, and the table where a link says nothing else", () => {
    const view = hashToView("#plotX=Gone&plotY=&panel=other&logX=yes", initial, study);
    expect(view).toEqual(initial);
  });

  it("is empty for what a first-time reader sees", () => {
    expect(viewToHash(initial, initial)).toBe("");
  });

  it("comes back exactly, whatever the ids hold", () => {
    const view: View = {
      selection: HOSTILE, base: HOSTILE[3] ?? null, colour: null, size: "Accuracy", arrangement: "time", enlarged: true, collapsed: HOSTILE.slice(1, 3), filters: [{ kind: "metric", metric: "Size", low: null, high: 5.5 }], sort: "Size", descending: true,
      panel: "plot", plotX: "Accuracy", plotY: "Size", logX: true, logY: true, refined: { "a · b, c": [0, 2], __proto: [1] }, charted: ["Size"], instance: 7, activation: "/a/b&c=d",
    };
    expect(hashToView(`#${viewToHash(view, initial)}`, initial, study)).toEqual(view);
  });

  it("arranges by time only where the study says when its models were made", () => {
    const undated = smallStudy([model("a"), model("b")], []);
    expect(hashToView("#arrangement=time", defaultView(undated), undated).arrangement).toBe("operation");
    expect(hashToView("#arrangement=time", initial, study).arrangement).toBe("time");
    expect(hashToView("#arrangement=step", initial, study).arrangement).toBe("step");
  });

  it("keeps an empty choice of charts apart from none", () => {
    expect(hashToView(`#${viewToHash({ ...initial, charted: [] }, initial)}`, initial, study).charted).toEqual([]);
    expect(hashToView("#charted=x&refine=%5B1%5D&refine=%5B%22a%22%2C-1%5D&refine=%5B%22a%22%5D", initial, study)).toEqual(initial);
  });

  it("has one filter for each metric and field, the last one of a link, and each value once", () => {
    const filters = ['["metric","Size",null,8]', '["value","operation","\\"prune\\"","\\"prune\\""]', '["metric","Accuracy",0.4,null]', '["metric","Size",2,null]'];
    const hash = filters.map((filter) => `filter=${encodeURIComponent(filter)}`).join("&");
    expect(hashToView(hash, initial, study).filters).toEqual([
      { kind: "metric", metric: "Size", low: 2, high: null },
      { kind: "value", field: "operation", values: ['"prune"'] },
      { kind: "metric", metric: "Accuracy", low: 0.4, high: null },
    ]);
  });

  it("leaves out what the study does not have", () => {
    const view = hashToView("#sort=Gone&arrangement=other&collapsed=gone&model=gone&model=__proto__&base=gone&colour=Gone&instance=99&instance=x", initial, study);
    expect(view).toEqual({ ...initial, selection: ["__proto__"], colour: null });
  });
});

describe("a refinement", () => {
  it("keeps values in their order, drops one that is chosen again, and forgets a variable of which none is left", () => {
    expect(refinedBy({ a: [2], b: [1] }, "a", 0)).toEqual({ a: [0, 2], b: [1] });
    expect(refinedBy({ a: [0, 2] }, "a", 2)).toEqual({ a: [0] });
    expect(refinedBy({ a: [0], b: [1] }, "a", 0)).toEqual({ b: [1] });
  });

  it("takes a variable of any name, also one that every object inherits", () => {
    for (const label of ["constructor", "toString", "__proto__"]) {
      const once = refinedBy({}, label, 1);
      expect(Object.entries(once)).toEqual([[label, [1]]]);
      expect(Object.entries(refinedBy(once, label, 1))).toEqual([]);
    }
  });
});
