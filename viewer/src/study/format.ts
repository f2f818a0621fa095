// Numbers as the reader wants them: the metric's own format and unit, changes with their sign.

import { format as d3Format, formatSpecifier } from "d3-format";
import type { MetricRecord } from "../bundle/types.gen";

const MINUS = "−";
const MISSING = "–";
/** Differences of this share of the values come from rounding in floating point. */
const NOISE = 1e-12;

/** A d3-format specifier from the study is untrusted text: a bad one falls back to the default, and none fills up with blanks. */
function formatter(specifier: string): (value: number) => string {
  if (!specifier) return plain;
  try {
    const written = formatSpecifier(specifier);
    written.width = undefined;
    const spell = d3Format(written.toString());
    return (value) => withoutZeroSign(spell(value));
  } catch {
    return plain;
  }
}

/** What rounds to zero is neither above nor below it. */
function withoutZeroSign(text: string): string {
  return /[^0.,\s%+−-]/.test(text) || tells(text) ? text : text.replace(/^[+−-]/, "");
}

/** Four digits that tell, in decimal notation as long as that is readable. */
function plain(value: number): string {
  const size = Math.abs(value);
  return d3Format(size !== 0 && (size < 1e-4 || size >= 1e9) ? ".4~g" : size >= 9999.5 ? ",.0f" : ".4~r")(value);
}

export function formatValue(metric: MetricRecord, value: number | null): string {
  if (value === null) return MISSING;
  if (!Number.isFinite(value)) return spellNonFinite(value);
  return withUnit(formatter(metric.format)(value), metric.unit);
}

/** The unrounded value with its unit, for "full value on hover"; of a value that is missing, why it is, where that is known. */
export function fullValue(metric: MetricRecord, value: number | null, why?: string): string {
  if (value === null) return why === undefined ? "no value" : `no value: ${why}`;
  return withUnit(Number.isFinite(value) ? String(value) : spellNonFinite(value), metric.unit);
}

export interface Change {
  readonly text: string;
  /** Whether the change is for the better; null when it is neither or the metric has no direction. */
  readonly better: boolean | null;
}

/**
 * The change from one value to another: percentage points for shares, per cent for amounts that
 * cannot be negative, the plain difference otherwise. Null when either value is missing.
 */
export function changeOf(metric: MetricRecord, from: number | null, to: number | null): Change | null {
  if (from === null || to === null || !Number.isFinite(from) || !Number.isFinite(to)) return null;
  const difference = Math.abs(to - from) <= NOISE * Math.max(Math.abs(from), Math.abs(to)) ? 0 : to - from;
  const better =
    metric.direction === null || difference === 0
      ? null
      : metric.direction === "higher"
        ? difference > 0
        : difference < 0;
  return { text: difference === 0 ? "±0" : spellChange(metric, from, difference), better };
}

function spellChange(metric: MetricRecord, from: number, difference: number): string {
  const sign = difference > 0 ? "+" : MINUS;
  const size = Math.abs(difference);
  if (metric.format.endsWith("%")) return `${sign}${amount(size * 100)} pp`;
  if (metric.unit === "%") return `${sign}${amount(size)} pp`;
  if (metric.minimum === 0 && from > 0) {
    const share = (size / from) * 100;
    return share >= 1000 ? `×${amount(difference / from + 1)}` : `${sign}${amount(share)} %`;
  }
  const formatted = formatter(metric.format)(size).replace(/^\+/, "");
  return sign + withUnit(tells(formatted) ? formatted : few(size), metric.unit);
}

/** One decimal place, where that shows that there is a change at all. */
function amount(size: number): string {
  const rounded = d3Format(size >= 100 ? ".0f" : ".1f")(size);
  return tells(rounded) ? rounded : few(size);
}

/** A change that is not nothing must not look like nothing. */
function tells(text: string): boolean {
  return /[1-9∞]/.test(text);
}

/** Two digits that tell. */
function few(size: number): string {
  return d3Format(size < 1e-4 ? ".2~g" : ".2~r")(size);
}

function withUnit(text: string, unit: string): string {
  if (!unit) return text;
  // An SI prefix belongs to the unit: 132k + B is 132 kB.
  const prefixed = /^(.*\d)([yzafpnµmkMGTPEZY])$/.exec(text);
  return prefixed ? `${prefixed[1]} ${prefixed[2]}${unit}` : `${text} ${unit}`;
}

function spellNonFinite(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : `${MINUS}∞`;
}

/** Bytes in the unit people read, decimal as file managers show them. */
export function formatBytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return withUnit(d3Format(".3~s")(count), "B");
}
