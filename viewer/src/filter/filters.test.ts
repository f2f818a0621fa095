import { describe, expect, it } from "vitest";
import { metric, model, smallStudy } from "../study/fixture.ts";
import { readBudget, writeBudget } from "./budget.ts";
import { applyFilters, fieldsOf, readFilter, stoppedBy, writeFilter, type Filter, type ValueFilter } from "./filters.ts";

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
    for (const filter of [range("Size", null, 1e7), { kind: "value", field: "prune · amount", values: [null, "0.5"] } as const]) {
      expect(readFilter(writeFilter(filter), study)).toEqual(filter);
    }
  });

  it("are left out when the study has no such metric or field, or they are none", () => {
    for (const text of ['["metric","Gone",1,2]', '["value","gone","x"]', '["value","operation","\\"gone\\""]', '["value","operation","prune"]', '["metric","Size","1",2]', "{", '"x"', "[1]"]) {
      expect(readFilter(text, study)).toBeNull();
    }
  });

  it("offers the fields that tell models apart", () => {
    expect([...fieldsOf(study)]).toEqual([
      ["operation", [{ value: '"train"', label: "train" }, { value: '"prune"', label: "prune" }]],
      ["prune · amount", [{ value: null, label: "no amount" }, { value: "0.5", label: "0.5" }, { value: "0.9", label: "0.9" }]],
    ]);
  });

  it("keep the values that the study has, or what was not chosen yet", () => {
    const values = (text: string) => readFilter(text, study)?.kind === "value" && (readFilter(text, study) as ValueFilter).values;
    expect(values('["value","prune · amount","0.7","0.9"]')).toEqual(["0.9"]);
    expect(values('["value","prune · amount"]')).toEqual([]);
  });
});

describe("values of a field", () => {
  const scoped = (...scopes: readonly unknown[]) =>
    smallStudy([model("dense"), ...scopes.map((scope, place) => ({ ...model(`p${place}`, "dense"), operation: { name: "prune", parameters: { scope } } }))], []);
  const left = (of: typeof study, value: string | null) => [...applyFilters(of, [{ kind: "value", field: "prune · scope", values: [value] }]).passing];

  it("are other choices than the lack of one, whatever they are called", () => {
    const odd = scoped("none", null);
    expect(fieldsOf(odd).get("prune · scope")?.map(({ label }) => label)).toEqual(["no scope", "none", "null"]);
    expect([left(odd, null), left(odd, '"none"'), left(odd, "null")]).toEqual([["dense"], ["p0"], ["p1"]]);
  });

  it("are told apart by quotes where a number and a text look alike", () => {
    const odd = scoped(8, "8", "all");
    expect(fieldsOf(odd).get("prune · scope")?.map(({ label }) => label)).toEqual(["no scope", "8", '"8"', '"all"']);
    expect([left(odd, "8"), left(odd, '"8"')]).toEqual([["p0"], ["p1"]]);
    expect(fieldsOf(scoped("no scope")).get("prune · scope")?.map(({ label }) => label)).toEqual(["no scope", '"no scope"']);
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
