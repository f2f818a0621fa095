// From a metric's values to pixels along one axis, and ticks that a reader can tell apart.

import { scaleLinear, scaleLog } from "d3-scale";
import type { MetricRecord } from "../bundle/types.gen.ts";
import { formatValue } from "../study/format.ts";

export interface Axis {
  /** Pixel of a finite value; on a log axis of a value above zero. */
  at(value: number): number;
  /** Round values along the axis, from few to many as asked. */
  candidates(): Iterable<readonly number[]>;
}

export interface Tick {
  readonly value: number;
  readonly at: number;
  readonly label: string;
}

/** Room in pixels between the outermost points and the ends of the axis. */
export const INSET = 16;
/** Below this, differences drown in rounding and the values count as one. */
const TELLABLE = 1e-12;
/** Keeps differences between the greatest numbers there are from overflowing; ticks are then no round numbers. */
const SHRINK = 2 ** -4;

/** Whether a log axis can show all values. */
export function canLog(extent: readonly [number, number] | null): boolean {
  return extent !== null && extent[0] > 0;
}

/**
 * @param extent least and greatest finite value; null when there is none
 * @param from pixel of the axis's lesser end, `to` of its greater end; either may be the larger pixel
 */
export function axisOf(extent: readonly [number, number] | null, log: boolean, from: number, to: number): Axis {
  const logarithmic = log && canLog(extent);
  const [low, high] = spread(extent ?? [0, 1], logarithmic);
  const shrink = logarithmic || Number.isFinite((high - low) / SHRINK) ? 1 : SHRINK;
  const inset = Math.sign(to - from) * Math.min(INSET, Math.abs(to - from) / 4);
  const scale = (logarithmic ? scaleLog() : scaleLinear())
    .domain([low * shrink, high * shrink])
    .range([from + inset, to - inset]);
  const ends = [scale.invert(from), scale.invert(to)] as const;
  const ticks = scale.copy().domain(ends).range([from, to]);
  return {
    at: (value) => scale(value * shrink),
    *candidates() {
      if (logarithmic) {
        const dense = ticks.ticks(20);
        for (const mantissas of [null, [1, 2, 5], [1, 3], [1]]) {
          yield dense.filter((value) => !mantissas || mantissas.some((mantissa) => isMantissa(value, mantissa)));
        }
      }
      for (let count = 12; count >= 1; count--) yield ticks.ticks(count).map((value) => value / shrink);
    },
  };
}

/** Makes room around a single value, so that it lies in the middle. */
function spread([low, high]: readonly [number, number], log: boolean): readonly [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const apart = high * SHRINK - low * SHRINK;
  if (apart > size * TELLABLE * SHRINK && apart > Number.MIN_VALUE / Number.EPSILON) return [low, high];
  if (log) return [low / 1.5, Math.min(Number.MAX_VALUE, high * 1.5)];
  const around = size > Number.MIN_VALUE / Number.EPSILON ? size * 0.1 : 1;
  return [low - around, high + around];
}

function isMantissa(value: number, mantissa: number): boolean {
  const power = 10 ** Math.floor(Math.log10(value) + TELLABLE);
  return Math.abs(value / power - mantissa) < 1e-6;
}

/**
 * As many ticks as there is room for, in the metric's format, with as many more digits as neighbours need to differ.
 * @param sizeOf pixels that a label takes along the axis, the gap to the next included
 */
export function ticksOf(axis: Axis, metric: MetricRecord, sizeOf: (label: string) => number): readonly Tick[] {
  let best: readonly Tick[] = [];
  for (const spell of spellings(metric)) {
    for (const values of axis.candidates()) {
      const ticks = values
        .filter((value) => allowed(metric, value))
        .map((value) => ({ value, at: axis.at(value), label: spell(value) }));
      if (fits(ticks, sizeOf) && ticks.length > best.length) best = ticks;
    }
    if (best.length >= 2) return best;
  }
  return best;
}

/** No tick where the metric cannot be: a share above 100 %, half a parameter. */
function allowed(metric: MetricRecord, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (metric.format.endsWith("d") && !Number.isInteger(value)) return false;
  return value >= (metric.minimum ?? -Infinity) && value <= (metric.maximum ?? Infinity);
}

function fits(ticks: readonly Tick[], sizeOf: (label: string) => number): boolean {
  return ticks.every((tick, index) => {
    const next = ticks[index + 1];
    if (!next) return true;
    return next.label !== tick.label && Math.abs(next.at - tick.at) >= (sizeOf(tick.label) + sizeOf(next.label)) / 2;
  });
}

function* spellings(metric: MetricRecord): Iterable<(value: number) => string> {
  for (const more of [0, 1, 2, 4, 8]) {
    const format = (metric.format || ".4~g").replace(/\.(\d{1,2})/, (_, digits: string) => `.${Number(digits) + more}`);
    yield (value) => formatValue({ ...metric, format }, value);
  }
}
