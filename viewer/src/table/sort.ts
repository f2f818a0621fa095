// The table's order: by name, by operation or by a metric; models without a value always come last.

import type { ModelRecord } from "../bundle/types.gen.ts";
import { metricNamed, spellOperation, valueOf, type Study } from "../study/study.ts";

const names = new Intl.Collator("en", { numeric: true });

/** What the table is sorted by; null: as the study lists its models. */
export interface Order {
  readonly sort: string | null;
  readonly descending: boolean;
}

/** The order after a press on a heading: what is best or comes first on top, the same turned round, the study's own. */
export function orderAfter(study: Study, { sort, descending }: Order, key: string): Order {
  const metric = metricNamed(study, key);
  const first = metric !== null && metric.direction !== "lower";
  if (sort !== key) return { sort: key, descending: first };
  return descending === first ? { sort: key, descending: !first } : { sort: null, descending: false };
}

export function sortModels(study: Study, key: string | null, descending: boolean): readonly ModelRecord[] {
  if (key === null) return study.models;
  const sign = descending ? -1 : 1;
  const metric = metricNamed(study, key);
  if (metric) {
    const value = (model: ModelRecord): number => valueOf(study, model.id, metric) ?? Number.NaN;
    return [...study.models].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return x === y ? 0 : sign * (x < y ? -1 : 1);
    });
  }
  const text = key === "operation" ? spellOperation : (model: ModelRecord) => model.id;
  return [...study.models].sort((a, b) => sign * names.compare(text(a), text(b)));
}

/** Models that filters hide come last, in the same order. */
export function tableRows(sorted: readonly ModelRecord[], passing: ReadonlySet<string>): readonly ModelRecord[] {
  if (passing.size === sorted.length) return sorted;
  return [...sorted.filter(({ id }) => passing.has(id)), ...sorted.filter(({ id }) => !passing.has(id))];
}
