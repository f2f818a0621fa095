// Grouped bars from a chart of cc_core: groups along x, bars by colour, repeats as mean with their range.

import { max, mean, min } from "d3-array";
import type { MetricRecord } from "../bundle/types.gen.ts";
import type { Chart } from "../engine/answers.gen.ts";
import { valueOf, type Study } from "../study/study.ts";

export interface Bar {
  readonly colour: number;
  readonly models: readonly string[];
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
  /** From zero or the least value to the greatest; bars start at zero. */
  readonly domain: readonly [number, number];
}

export function barsOf(study: Study, chart: Chart, metric: MetricRecord): Bars {
  const groups: { x: number; facet: number; bars: Bar[] }[] = [];
  for (const mark of chart.marks) {
    const values = mark.models
      .map((id) => valueOf(study, id, metric))
      .filter((value): value is number => value !== null && Number.isFinite(value));
    const bar = {
      colour: mark.colour,
      models: mark.models,
      value: mean(values) ?? null,
      low: min(values) ?? 0,
      high: max(values) ?? 0,
    };
    // Marks come ordered by facet and x.
    const last = groups.at(-1);
    if (last && last.x === mark.x && last.facet === mark.facet) last.bars.push(bar);
    else groups.push({ x: mark.x, facet: mark.facet, bars: [bar] });
  }
  const all = groups.flatMap((group) => group.bars.flatMap((bar) => (bar.value === null ? [] : [bar.low, bar.high])));
  return { groups, domain: [Math.min(0, min(all) ?? 0), Math.max(0, max(all) ?? 0)] };
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
