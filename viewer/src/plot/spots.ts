// Which models a plot can show, which share a point, and why others are not shown.

import type { MetricRecord } from "../bundle/types.gen.ts";
import type { Point } from "../map/geometry.ts";
import { formatValue } from "../study/format.ts";
import { valueOf, type Study } from "../study/study.ts";

/** One point of the plot and the models on it, at least one. */
export interface Spot extends Point {
  readonly id: string;
  readonly models: readonly string[];
}

export interface Unshown {
  readonly reason: string;
  readonly models: readonly string[];
}

/** Models that fall on the same pixel share a spot, which is named after the first of them. */
export function spotsOf(points: ReadonlyMap<string, Point>): readonly Spot[] {
  const spots = new Map<string, { id: string; x: number; y: number; models: string[] }>();
  for (const [id, { x, y }] of points) {
    const key = `${Math.round(x)} ${Math.round(y)}`;
    const spot = spots.get(key);
    if (spot) spot.models.push(id);
    else spots.set(key, { id, x, y, models: [id] });
  }
  return [...spots.values()];
}

/**
 * The selection after a point was pressed, which stands for all its models that may be chosen: the reader cannot say which was meant.
 * @param open whether a model may be chosen; one that filters hide may only if it is selected
 */
export function pressedSpot(ids: readonly string[], selection: readonly string[], open: (id: string) => boolean, toggle: boolean): readonly string[] {
  const meant = ids.filter(open);
  if (meant.length === 0) return selection;
  const all = meant.every((id) => selection.includes(id));
  if (!toggle) return all && selection.length === meant.length ? [] : meant;
  if (all) return selection.filter((id) => !meant.includes(id));
  return [...selection, ...meant.filter((id) => !selection.includes(id))];
}

/** The models that have no place on these axes, by reason, in study order. */
export function unshownOf(study: Study, models: readonly string[], axes: readonly MetricRecord[]): readonly Unshown[] {
  const byReason = new Map<string, string[]>();
  for (const id of models) {
    const reasons = [...new Set(axes)].flatMap((metric) => reasonOf(metric, valueOf(study, id, metric)));
    if (reasons.length === 0) continue;
    const reason = reasons.join(", ");
    byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
  }
  return [...byReason].map(([reason, ids]) => ({ reason, models: ids }));
}

function reasonOf(metric: MetricRecord, value: number | null): readonly string[] {
  if (value === null) return [`no ${metric.name}`];
  return Number.isFinite(value) ? [] : [`${metric.name} is ${formatValue(metric, value)}`];
}
