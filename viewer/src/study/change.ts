// The change of a metric from one model to another, and whether there is one at all.

import type { MetricRecord } from "../bundle/types.gen.ts";
import { changeOf, type Change } from "./format.ts";
import { valueOf, type Study } from "./study.ts";

/**
 * The change from one model to another. Timings scatter: where the middle halves of the runs overlap, two medians
 * are not told apart, and the change says so instead of naming a winner.
 */
export function changeBetween(study: Study, metric: MetricRecord, from: string, to: string): Change | null {
  const change = changeOf(metric, valueOf(study, from, metric), valueOf(study, to, metric));
  if (!change || metric.source !== "timing") return change;
  const a = study.timing?.latency[from];
  const b = study.timing?.latency[to];
  if (a && b && a.p25 <= b.p75 && b.p25 <= a.p75) return { text: "≈", better: null };
  return change;
}
