import { describe, expect, it } from "vitest";
import type { LatencyRecord, Manifest, MetricRecord, ModelRecord } from "../bundle/types.gen.ts";
import { changeBetween } from "./change.ts";
import { makeStudy, type Study } from "./study.ts";

const LATENCY: MetricRecord = {
  name: "Latency", direction: "lower", unit: "ms", format: ".3~f", definition: "", minimum: 0, maximum: null,
  primary: true, source: "timing",
};

function times(p25: number, p50: number, p75: number): LatencyRecord {
  return { batch: 1, runs: 50, mean: p50, p25, p50, p75, p95: p75, p99: p75 };
}

function study(latency: Record<string, LatencyRecord>): Study {
  const models = Object.keys(latency).map((id) => ({ id, parents: [], metrics: {} }) as unknown as ModelRecord);
  const manifest = { metrics: [LATENCY] } as unknown as Manifest;
  return makeStudy(manifest, models, { exported: "", machine: {}, stages: {}, latency, memory: {}, flags: {} });
}

describe("changeBetween", () => {
  it("names no winner where the middle halves of two timings overlap", () => {
    const found = changeBetween(study({ a: times(1, 1.1, 1.3), b: times(1.2, 1.25, 1.4) }), LATENCY, "a", "b");
    expect(found).toEqual({ text: "≈", better: null });
  });

  it("gives the change where they lie apart", () => {
    const found = changeBetween(study({ a: times(2, 2, 2.1), b: times(0.9, 1, 1.1) }), LATENCY, "a", "b");
    expect(found).toEqual({ text: "−50.0 %", better: true });
  });

  it("says nothing about a model that was not timed", () => {
    expect(changeBetween(study({ a: times(1, 1, 1) }), LATENCY, "a", "gone")).toBeNull();
  });
});
