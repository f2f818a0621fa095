import { describe, expect, it } from "vitest";
import type { TimingChunk } from "../bundle/types.gen.ts";
import { metric, model, smallStudy } from "./fixture.ts";
import { flagsOf, valueOf, whyNothingRuns, withTimings } from "./study.ts";

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

describe("a study of which nothing runs", () => {
  it("is exported again only where there are model files", () => {
    const bare = smallStudy([model("a")], []);
    expect(whyNothingRuns(bare)).toBe("The study has no model files that can be read, so nothing can run here.");
    const filed = smallStudy([model("a"), { ...model("b"), sha256: "0" }], []);
    expect(whyNothingRuns(filed)).toContain("Export with --models all");
  });
});

const LATENCY = metric("Latency", { source: "timing" });
const MEMORY = metric("Peak memory", { source: "memory" });

describe("values of metrics", () => {
  it("are numbers, or null where there is none", () => {
    const study = smallStudy([model("a", null, { Accuracy: 0.5, Loss: "NaN", Cost: "-Infinity" })], []);
    expect(["Accuracy", "Loss", "Cost", "Gain"].map((name) => valueOf(study, "a", metric(name)))).toEqual([0.5, Number.NaN, -Infinity, null]);
    expect(valueOf(study, "gone", metric("Accuracy"))).toBeNull();
  });

  it("come from the timings once these are there", () => {
    const study = smallStudy([model("a")], [LATENCY, MEMORY]);
    expect([valueOf(study, "a", LATENCY), valueOf(study, "a", MEMORY)]).toEqual([null, null]);
    const timing = { latency: { a: { p50: 3 } }, memory: { a: 9 }, flags: { a: [{ kind: "slow", text: "Slow." }] } } as unknown as TimingChunk;
    const timed = withTimings(study, timing);
    expect([valueOf(timed, "a", LATENCY), valueOf(timed, "a", MEMORY)]).toEqual([3, 9]);
    expect(flagsOf(timed, "a").map(({ text }) => text)).toEqual(["Slow."]);
  });

  it("are missing for models and metrics that are called what every object inherits", () => {
    const study = smallStudy([model("constructor")], [metric("toString")]);
    const timed = withTimings(study, { latency: {}, memory: {}, flags: {} } as unknown as TimingChunk);
    for (const asked of [metric("toString"), LATENCY, MEMORY]) expect(valueOf(timed, "constructor", asked)).toBeNull();
    expect(flagsOf(timed, "constructor")).toEqual([]);
  });
});
