// A budget as people type it: "10 MB", "75 %", "1.5k", "20 ms". Bounds are in the metric's own unit.

import type { MetricRecord } from "../bundle/types.gen.ts";

const PREFIXES: ReadonlyMap<string, number> = new Map([
  ["n", 1e-9], ["µ", 1e-6], ["μ", 1e-6], ["u", 1e-6], ["m", 1e-3], ["", 1], ["k", 1e3], ["K", 1e3], ["M", 1e6], ["G", 1e9], ["T", 1e12],
  ["Ki", 2 ** 10], ["Mi", 2 ** 20], ["Gi", 2 ** 30], ["Ti", 2 ** 40],
]);
/** Digits in groups of three: a comma elsewhere is a decimal one, or a slip. */
const GROUPED = /^[-+−]?\d{1,3}(?:[,_ ]\d{3})+(?![\d,_ ])/u;
const WRITTEN = /^\s*([-+−]?(?:\d[\d,_ ]*)?(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([^\d\s]*)\s*$/u;

/** The number meant, null for an empty text, or the reason why it is none. */
export function readBudget(text: string, metric: MetricRecord): number | null | { readonly problem: string } {
  if (text.trim() === "") return null;
  const [, digits = "", suffix = ""] = WRITTEN.exec(withoutUnit(text.replace(/^\s*[≤≥<>=]+/u, "").trim(), metric.unit)) ?? [];
  if (/[,_ ]/.test(digits.trim()) && !GROUPED.test(digits)) {
    return { problem: `“${text.trim()}” is unclear: write decimals with a point, and thousands in groups of three` };
  }
  const number = Number(digits.replace("−", "-").replace(/[,_ ]/g, ""));
  if (digits === "" || !Number.isFinite(number)) return { problem: `“${text.trim()}” is no number` };
  const factor = factorOf(suffix, metric);
  return factor === null ? { problem: `“${suffix}” is no unit of ${metric.name}` } : number * factor;
}

/** The text without the metric's own unit, which may hold blanks and digits. */
function withoutUnit(text: string, unit: string): string {
  return unit !== "" && unit !== "%" && text.endsWith(unit) ? text.slice(0, -unit.length).trimEnd() : text;
}

function factorOf(suffix: string, metric: MetricRecord): number | null {
  if (suffix === "") return 1;
  if (suffix === "%") return metric.format.endsWith("%") ? 0.01 : metric.unit === "%" ? 1 : null;
  const [unitPrefix, unit] = splitUnit(metric.unit);
  for (const ending of unit === "" ? [""] : [unit, ""]) {
    if (!suffix.endsWith(ending)) continue;
    const prefix = suffix.slice(0, suffix.length - ending.length);
    const size = PREFIXES.get(prefix);
    // A bare "20 m" of a metric in ms is not meant to be 20 thousandths of one.
    if (size === undefined || (ending === "" && unitPrefix !== "")) continue;
    return ending === "" ? size : size / (PREFIXES.get(unitPrefix) ?? 1);
  }
  return null;
}

/** "ms" is milli and seconds; "B" and "epochs" have no prefix. */
function splitUnit(unit: string): readonly [string, string] {
  const found = /^([nµμumkMGT])(s|B|W|J|Hz|FLOPS|FLOP)$/u.exec(unit);
  return found ? [found[1] ?? "", found[2] ?? ""] : ["", unit];
}

/** A bound as the field shows it: short, and read back as the same number. */
export function writeBudget(value: number | null, metric: MetricRecord): string {
  if (value === null) return "";
  if (metric.format.endsWith("%")) return `${Number((value * 100).toPrecision(12))} %`;
  if (metric.unit === "B") {
    for (const [prefix, size] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]] as const) {
      if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(12))} ${prefix}B`;
    }
  }
  return `${value}${metric.unit ? ` ${metric.unit}` : ""}`;
}
