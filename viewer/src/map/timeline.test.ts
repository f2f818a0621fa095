import { describe, expect, it } from "vitest";
import type { LayoutModel } from "./forest.ts";
import { layoutByTime, momentOf } from "./timeline.ts";

function made(id: string, created: string, ...parents: string[]): LayoutModel {
  return { id, parents, operation: null, created: momentOf(created) };
}

describe("a moment", () => {
  it("is an ISO 8601 date, a month, or a date and time, UTC where it says no zone", () => {
    expect(momentOf("2026-11-24")).toBe(Date.UTC(2026, 10, 24));
    expect(momentOf(" 2026-11 ")).toBe(Date.UTC(2026, 10, 1));
    expect(momentOf("2026-11-24T08:30")).toBe(Date.UTC(2026, 10, 24, 8, 30));
    expect(momentOf("2026-11-24 08:30:15.5Z")).toBe(Date.UTC(2026, 10, 24, 8, 30, 15, 500));
    expect(momentOf("2026-11-24T08:30:00.123456+02:00")).toBe(Date.UTC(2026, 10, 24, 6, 30, 0, 123));
    expect(momentOf("2026-11-24T08:30:00-0130")).toBe(Date.UTC(2026, 10, 24, 10, 0));
  });

  it("is not guessed from anything else", () => {
    for (const text of ["", "yesterday", "24.11.2026", "11/24/2026", "2026", "1764000000", "2026-13-01", "2026-02-30", "2026-11-24T25:00", "NaN"]) {
      expect(momentOf(text), text).toBeNull();
    }
  });
});

describe("a map by time", () => {
  it("stands models where they were made, in proportion", () => {
    const { places, time } = layoutByTime([made("a", "2026-01-01"), made("b", "2026-01-02", "a"), made("c", "2026-01-05", "b")]);
    const at = (id: string): number => places.get(id)?.column ?? NaN;
    expect(time).toEqual({ first: 0, from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 5) });
    expect((at("b") - at("a")) / (at("c") - at("a"))).toBeCloseTo(0.25);
  });

  it("stands models without a readable date before the axis, apart from it and headed as what they are", () => {
    const { places, columns, time } = layoutByTime([made("a", ""), made("b", "soon", "a"), made("c", "2026-01-01", "b"), made("d", "2026-01-02")]);
    expect(columns.map(({ label }) => label)).toEqual(["no date", "", ""]);
    expect(["a", "b", "c"].map((id) => places.get(id)?.column)).toEqual([0, 1, 3]);
    expect(time?.first).toBe(3);
  });

  it("draws a child that is older than its parent where it was made, and not where it might be expected", () => {
    const { places } = layoutByTime([made("new", "2026-03-01"), made("old", "2026-01-01", "new")]);
    expect(places.get("old")!.column).toBeLessThan(places.get("new")!.column);
    expect(places.get("old")!.row).not.toBe(places.get("new")!.row);
  });

  it("gives models of one moment lines of their own", () => {
    const { places } = layoutByTime([made("a", "2026-01-01"), made("b", "2026-01-01", "a"), made("c", "2026-01-01", "a")]);
    expect(new Set([...places.values()].map(({ row }) => row)).size).toBe(3);
  });

  it("has no axis when no model has a date", () => {
    const { time, places } = layoutByTime([made("a", ""), made("b", "", "a")]);
    expect(time).toBeNull();
    expect(places.size).toBe(2);
  });
});
