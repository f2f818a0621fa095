// Colour and size of a model from a metric. Better values stand out more from the ground, in light and dark. The ramp goes from
// yellow over green to blue and its lightness never turns back, so that it is read without telling colours apart.

import { interpolateRgbBasis } from "d3-interpolate";
import type { MetricRecord } from "../bundle/types.gen.ts";
import { extentOf, valueOf, type Study } from "../study/study.ts";

/** ColorBrewer's ramp of that name. d3-scale-chromatic has it too, and makes all its other ramps whenever a page is opened. */
const interpolateYlGnBu = interpolateRgbBasis([
  "#ffffd9", "#edf8b1", "#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#253494", "#081d58",
]);

/** Models that a scale has no place for, by the reason. */
export interface Lacking {
  readonly missing: readonly string[];
  /** NaN. */
  readonly undefined: readonly string[];
  readonly infinite: readonly string[];
}

export interface ColourScale {
  /** CSS colour of a model, or null when it has no finite value. */
  of(modelId: string): string | null;
  /** CSS colour at a share between the metric's least (0) and greatest (1) value. */
  at(share: number): string;
  readonly extent: readonly [number, number] | null;
  readonly lacking: Lacking;
}

export interface SizeScale {
  /** Radius in pixels; the area is proportional to the value. */
  of(modelId: string): number;
  /** Whether the radius means anything; not so without a metric or a finite value. */
  has(modelId: string): boolean;
  readonly extent: readonly [number, number] | null;
  radius(value: number): number;
  readonly lacking: Lacking;
}

export const RADIUS = { least: 3.5, plain: 6 };

export function colourScale(study: Study, metric: MetricRecord | null, dark: boolean): ColourScale {
  const extent = metric && extentOf(study, metric);
  const ramp = dark
    ? (share: number) => interpolateYlGnBu(0.8 - 0.75 * share)
    : (share: number) => interpolateYlGnBu(0.22 + 0.73 * share);
  // Lower is better: the least value gets the strong end.
  const at = (share: number): string => ramp(metric?.direction === "lower" ? 1 - share : share);
  return {
    extent,
    at,
    of: remembered((modelId) => {
      if (!metric || !extent) return null;
      const value = valueOf(study, modelId, metric);
      if (value === null || !Number.isFinite(value)) return null;
      const [low, high] = extent;
      // One value everywhere is neither better nor worse than any other.
      return at(high > low ? shareOf(value, low, high) : 0.5);
    }),
    lacking: lackingOf(study, metric),
  };
}

/**
 * The area of a mark is proportional to the value; where some values are negative, to how far it lies above the least.
 * @param greatest radius of the greatest value, in pixels
 */
export function sizeScale(study: Study, metric: MetricRecord | null, greatest: number): SizeScale {
  const extent = metric && extentOf(study, metric);
  const [low, high] = extent ?? [0, 0];
  const from = Math.min(0, low);
  const radius = (value: number): number =>
    high > low ? Math.max(RADIUS.least, greatest * Math.sqrt(Math.max(0, shareOf(value, from, high)))) : RADIUS.plain;
  const valueFor = (modelId: string): number | null => {
    const value = metric && valueOf(study, modelId, metric);
    return value === null || !Number.isFinite(value) ? null : value;
  };
  return {
    extent,
    radius,
    has: remembered((modelId) => valueFor(modelId) !== null),
    of: remembered((modelId) => {
      const value = valueFor(modelId);
      return value === null ? Math.min(RADIUS.plain, greatest) : radius(value);
    }),
    lacking: lackingOf(study, metric),
  };
}

/** While a map moves, each model is asked for several times a frame. */
function remembered<Answer>(answer: (modelId: string) => Answer): (modelId: string) => Answer {
  const known = new Map<string, Answer>();
  return (modelId) => {
    const before = known.get(modelId);
    if (before !== undefined) return before;
    const found = answer(modelId);
    known.set(modelId, found);
    return found;
  };
}

/** Halves first: the difference of two huge values may be infinite. */
function shareOf(value: number, low: number, high: number): number {
  return (value / 2 - low / 2) / (high / 2 - low / 2);
}

function lackingOf(study: Study, metric: MetricRecord | null): Lacking {
  const lacking = { missing: [] as string[], undefined: [] as string[], infinite: [] as string[] };
  if (!metric) return lacking;
  for (const { id } of study.models) {
    const value = valueOf(study, id, metric);
    if (value === null) lacking.missing.push(id);
    else if (Number.isNaN(value)) lacking.undefined.push(id);
    else if (!Number.isFinite(value)) lacking.infinite.push(id);
  }
  return lacking;
}
