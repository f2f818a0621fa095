// Grouped bars from a chart of cc_core: groups along x, bars by colour, repeats as mean with their range.

import { max, mean, min } from "d3-array";
import type { MetricRecord } from "../bundle/types.gen.ts";
import type { Chart } from "../engine/answers.gen.ts";
import { formatValue } from "../study/format.ts";
import { valueOf, type Study } from "../study/study.ts";

export interface Bar {
  readonly colour: number;
  readonly models: readonly string[];
  /** How many of the models have a finite value. */
  readonly count: number;
  /** What the others have instead: "no value", "NaN", "∞"; each once. */
  readonly instead: readonly string[];
  /** Mean over the models that have a finite value; null when none has. */
  readonly value: number | null;
  readonly low: number;
  readonly high: number;
}

export interface Group {
  readonly x: number;
  readonly facet: number;
  readonly bars: readonly Bar[];
}

export interface Bars {
  readonly groups: readonly Group[];
  /** From zero, the base or the least value to the greatest; bars start at zero. */
  readonly domain: readonly [number, number];
}

/** @param base the value that is drawn as a line across the bars, which has to be in their reach */
export function barsOf(study: Study, chart: Chart, metric: MetricRecord, base: number | null = null): Bars {
  const groups: { x: number; facet: number; bars: Bar[] }[] = [];
  for (const mark of chart.marks) {
    const all = mark.models.map((id) => valueOf(study, id, metric));
    const values = all.filter(isFinite);
    const bar = {
      colour: mark.colour,
      models: mark.models,
      count: values.length,
      instead: [...new Set(all.filter((value) => !isFinite(value)).map((value) => (value === null ? "no value" : formatValue(metric, value))))],
      value: mean(values) ?? null,
      low: min(values) ?? 0,
      high: max(values) ?? 0,
    };
    // Marks come ordered by facet and x.
    const last = groups.at(-1);
    if (last && last.x === mark.x && last.facet === mark.facet) last.bars.push(bar);
    else groups.push({ x: mark.x, facet: mark.facet, bars: [bar] });
  }
  const drawn = groups.flatMap((group) => group.bars.flatMap((bar) => (bar.value === null ? [] : [bar.low, bar.high])));
  const reach = [0, ...(isFinite(base) ? [base] : []), ...drawn];
  return { groups, domain: [min(reach) ?? 0, max(reach) ?? 0] };
}

/** A bar in words: its value, of how many models, and what the others have instead. */
export function spellBar(metric: MetricRecord, { models, count, instead, value, low, high }: Bar): string {
  const who = models.join(", ");
  const others = instead.join(", ");
  if (value === null) return `${who}: ${others}`;
  if (models.length === 1) return `${who}: ${formatValue(metric, value)}`;
  const of = count < models.length ? `${count} of ${models.length}` : count;
  const range = count > 1 ? `mean of ${of}, ${formatValue(metric, low)} to ${formatValue(metric, high)}` : `value of ${of}`;
  return `${who}: ${formatValue(metric, value)} (${range}${others && `; else ${others}`})`;
}

function isFinite(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/** Where each bar stands: groups a gap apart, gaps kept where a colour is missing from a group. */
export interface Slot {
  readonly bar: Bar;
  readonly group: Group;
  readonly x: number;
  readonly width: number;
}

export function slotsOf({ groups }: Bars, colours: number, width: number): Slot[] {
  // A gap is as wide as three quarters of a bar.
  const unit = width / Math.max(1, groups.length * (Math.max(1, colours) + 0.75));
  const bar = Math.min(unit, 34);
  const step = width / Math.max(1, groups.length);
  return groups.flatMap((group, place) => {
    const start = step * place + (step - bar * Math.max(1, colours)) / 2;
    return group.bars.map((own) => ({ bar: own, group, x: start + bar * own.colour, width: bar }));
  });
}
