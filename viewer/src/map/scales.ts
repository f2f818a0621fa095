// Colour and size of a model from a metric. Better values stand out more from the ground, in light and dark.

import { interpolateYlGnBu } from "d3-scale-chromatic";
import type { MetricRecord } from "../bundle/types.gen.ts";
import { extentOf, valueOf, type Study } from "../study/study.ts";

export interface ColourScale {
  /** CSS colour of a model, or null when it has no finite value. */
  of(modelId: string): string | null;
  /** CSS colour at a share between the metric's least (0) and greatest (1) value. */
  at(share: number): string;
  readonly extent: readonly [number, number] | null;
}

export interface SizeScale {
  /** Radius in pixels; the area is proportional to the value. */
  of(modelId: string): number;
  readonly extent: readonly [number, number] | null;
  radius(value: number): number;
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
    of(modelId) {
      if (!metric || !extent) return null;
      const value = valueOf(study, modelId, metric);
      if (value === null || !Number.isFinite(value)) return null;
      const [low, high] = extent;
      return at(high > low ? (value - low) / (high - low) : 1);
    },
  };
}

/** @param greatest radius of the greatest value, in pixels */
export function sizeScale(study: Study, metric: MetricRecord | null, greatest: number): SizeScale {
  const extent = metric && extentOf(study, metric);
  const largest = extent ? Math.max(Math.abs(extent[0]), Math.abs(extent[1])) : 0;
  const radius = (value: number): number =>
    largest > 0
      ? Math.max(RADIUS.least, greatest * Math.sqrt(Math.abs(value) / largest))
      : RADIUS.plain;
  return {
    extent,
    radius,
    of(modelId) {
      if (!metric || !extent) return RADIUS.plain;
      const value = valueOf(study, modelId, metric);
      return value === null || !Number.isFinite(value) ? RADIUS.plain : radius(value);
    },
  };
}
