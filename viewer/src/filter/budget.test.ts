import { expect, test } from "vitest";
import { metric } from "../study/fixture.ts";
import { readBudget, writeBudget } from "./budget.ts";

const BYTES = metric("Size", { unit: "B" });
const LATENCY = metric("Latency", { unit: "ms" });

test("a comma is read between groups of three digits, and asked about anywhere else", () => {
  expect(["1,000", "12,345.5", "1_000_000 B", "1 234"].map((text) => readBudget(text, BYTES))).toEqual([1000, 12_345.5, 1e6, 1234]);
  for (const text of ["10,5 MB", "0,5", "1,2345", "12,34", "1,000,00"]) expect(readBudget(text, BYTES)).toEqual({ problem: expect.stringMatching(/point/) });
});

test("units with blanks and digits are read back", () => {
  for (const unit of ["img / s", "m2", "CO2", "%"]) {
    const own = metric("x", { unit });
    expect(readBudget(writeBudget(5.25, own), own)).toBe(5.25);
  }
});

test("a prefix without its unit is none where the unit has one itself, nor is a name that objects have", () => {
  expect(readBudget("20 ms", LATENCY)).toBe(20);
  expect(readBudget("20 m", LATENCY)).toEqual({ problem: expect.stringMatching(/unit/) });
  expect(readBudget("10 constructor", BYTES)).toEqual({ problem: expect.stringMatching(/unit/) });
  expect(readBudget("10 k", BYTES)).toBe(10_000);
});
