import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "./fixture.ts";
import { valueOf, withTimings } from "./study.ts";

describe("a study whose timings arrive", () => {
  it("has their values, and the very same models and links as before", () => {
    const latency = metric("Latency", { source: "timing" });
    const before = smallStudy([model("a"), model("b", "a")], [latency]);
    const p50 = { batch: 1, runs: 9, mean: 3, p25: 2, p50: 3, p75: 4, p95: 5, p99: 6 };
    const after = withTimings(before, { exported: "", machine: {}, stages: {}, latency: { b: p50 }, memory: {}, flags: {} });
    expect([valueOf(before, "b", latency), valueOf(after, "b", latency), valueOf(after, "a", latency)]).toEqual([null, 3, null]);
    for (const part of ["models", "roots", "childrenOf", "byId"] as const) expect(after[part]).toBe(before[part]);
  });
});
