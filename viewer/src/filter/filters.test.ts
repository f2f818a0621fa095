import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { readBudget, writeBudget } from "./budget.ts";
import { applyFilters, fieldsOf, readFilter, stoppedBy, writeFilter, type Filter } from "./filters.ts";

const ACCURACY = metric("Accuracy", { format: ".1%" });
const SIZE = metric("Size", { unit: "B", format: ".3~s" });
const LATENCY = metric("Latency", { unit: "ms" });
const study = smallStudy(
  [
    model("dense", null, { Accuracy: 0.9, Size: 100 }),
    { ...model("p50", "dense", { Accuracy: 0.8, Size: 50 }), operation: { name: "prune", parameters: { amount: 0.5 } } },
    { ...model("p90", "dense", { Accuracy: "NaN", Size: 20 }), operation: { name: "prune", parameters: { amount: 0.9 } } },
    model("bare", "dense", {}),
  ],
  [ACCURACY, SIZE, LATENCY],
);

const range = (name: string, low: number | null, high: number | null): Filter => ({ kind: "metric", metric: name, low, high });

describe("applyFilters", () => {
  it("tells what is hidden from what cannot be judged", () => {
    const { passing, hidden, missing } = applyFilters(study, [range("Accuracy", 0.85, null)]);
    expect([[...passing], hidden, missing]).toEqual([["dense"], 1, 2]);
  });

  it("includes both bounds, and lets everything pass without any", () => {
    expect([...applyFilters(study, [range("Size", 20, 50)]).passing]).toEqual(["p50", "p90"]);
    expect(applyFilters(study, [range("Size", null, null)]).passing.size).toBe(4);
    expect(applyFilters(study, []).passing.size).toBe(4);
  });

  it("passes nothing when nothing matches", () => {
    expect(applyFilters(study, [range("Size", 1000, null)]).passing.size).toBe(0);
  });

  it("chooses by operation and by parameter", () => {
    const filters: Filter[] = [{ kind: "value", field: "prune · amount", values: ["0.9"] }];
    expect([...applyFilters(study, filters).passing]).toEqual(["p90"]);
  });
});

describe("stoppedBy", () => {
  it("says by which filter a model is hidden, and what is missing to judge it by", () => {
    const filters = [range("Size", null, 60), range("Accuracy", 0.5, null)];
    expect(study.models.map((one) => stoppedBy(study, one, filters))).toEqual([
      "Hidden by the filter on Size",
      undefined,
      "No value of Accuracy to filter by",
      "No value of Size to filter by",
    ]);
  });
});

describe("filters in a link", () => {
  it("come back exactly", () => {
    for (const filter of [range("Size", null, 1e7), { kind: "value", field: "prune · amount", values: ["0.5", "none"] } as const]) {
      expect(readFilter(writeFilter(filter), study)).toEqual(filter);
    }
  });

  it("are left out when the study has no such metric or field, or they are none", () => {
    for (const text of ['["metric","Gone",1,2]', '["value","gone","x"]', '["metric","Size","1",2]', "{", '"x"', "[1]"]) {
      expect(readFilter(text, study)).toBeNull();
    }
  });

  it("offers the fields that tell models apart", () => {
    expect([...fieldsOf(study)]).toEqual([
      ["operation", ["train", "prune"]],
      ["prune · amount", ["none", "0.5", "0.9"]],
    ]);
  });
});

describe("budgets", () => {
  it("are read with the units people type", () => {
    expect(readBudget("≤ 10 MB", SIZE)).toBe(10e6);
    expect(readBudget("1.5 MiB", SIZE)).toBe(1.5 * 2 ** 20);
    expect(readBudget("75%", ACCURACY)).toBe(0.75);
    expect(readBudget("0.75", ACCURACY)).toBe(0.75);
    expect(readBudget("20 ms", LATENCY)).toBe(20);
    expect(readBudget("2 s", LATENCY)).toBe(2000);
    expect(readBudget("500 µs", LATENCY)).toBeCloseTo(0.5, 12);
    expect(readBudget("1,200", SIZE)).toBe(1200);
    expect(readBudget("", SIZE)).toBeNull();
  });

  it("are refused with a reason", () => {
    expect(readBudget("ten", SIZE)).toEqual({ problem: "“ten” is no number" });
    expect(readBudget("10 kg", SIZE)).toEqual({ problem: "“kg” is no unit of Size" });
    expect(readBudget("5 %", SIZE)).toEqual({ problem: "“%” is no unit of Size" });
  });

  it("are written as they are read back", () => {
    for (const [value, of] of [[132_023, SIZE], [0.753, ACCURACY], [0.0917, LATENCY], [-3, metric("x")]] as const) {
      expect(readBudget(writeBudget(value, of), of)).toBeCloseTo(value, 10);
    }
  });
});
