// Counted facts of a model's file in words: stored types and operators, most frequent first.

import { format as d3Format } from "d3-format";
import type { ModelRecord } from "../bundle/types.gen.ts";

type Counted = Readonly<Record<string, number>>;

/** `12 Conv, 3 Relu`; empty where nothing was counted. */
export function spellCounts(counted: Counted | undefined): string {
  return byNumber(counted)
    .map(([name, count]) => `${d3Format(",d")(count)} ${name}`)
    .join(", ");
}

/** `INT8 98.6%, FLOAT 1.4%`; a rare one is never 0%. */
export function spellShares(counted: Counted | undefined): string {
  const entries = byNumber(counted);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return entries.map(([name, count]) => `${name} ${share(count / total)}`).join(", ");
}

/** How far the file of a PyTorch module is from the module; nothing for other models. */
export function spellConversion(made: ModelRecord["conversion"] | undefined): string {
  if (!made) return "";
  const [absolute, relative] = [made.absolute, made.relative].map((value) => d3Format(".2~g")(Number(value)));
  const instances = `${made.instances} instance${made.instances === 1 ? "" : "s"}`;
  return `torch ${made.torch}, ${made.exporter} exporter; off by ≤ ${absolute} (relative ${relative}) on ${instances}`;
}

function share(part: number): string {
  return part < 0.001 ? "< 0.1%" : d3Format(".1~%")(part);
}

function byNumber(counted: Counted | undefined): [string, number][] {
  return Object.entries(counted ?? {}).sort(([, a], [, b]) => b - a);
}

/** `2:4 in 91.6%`: the patterns of zeros that some values lie in. */
export function spellPatterns(shares: Counted | undefined): string {
  return Object.entries(shares ?? {})
    .filter(([, value]) => value > 0)
    .map(([pattern, value]) => `${pattern} in ${share(value)}`)
    .join(", ");
}
