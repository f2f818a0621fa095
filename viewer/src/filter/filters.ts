// Filters on models: a range of a metric, or values of an operation, a parameter or the tag. Plain JSON, kept in the address.

import type { ModelRecord } from "../bundle/types.gen.ts";
import { metricNamed, spellValue, valueOf, type Study } from "../study/study.ts";

/** A model passes with a value from `low` to `high`, both included; null is no bound. */
export interface MetricFilter {
  readonly kind: "metric";
  readonly metric: string;
  readonly low: number | null;
  readonly high: number | null;
}

/** A value of a field as JSON text, so that 8 and "8" are two; null where a model has none. */
export type FieldValue = string | null;

/** A model passes when the field's value is one of `values`. */
export interface ValueFilter {
  readonly kind: "value";
  /** "operation", "tag", or "operation · parameter". */
  readonly field: string;
  readonly values: readonly FieldValue[];
}

/** What can be chosen of a field. */
export interface Choice {
  readonly value: FieldValue;
  /** Different for each value of the field. */
  readonly label: string;
}

export type Filter = MetricFilter | ValueFilter;

/** What a filter judges by; there is at most one filter of each. */
export function filterKey(filter: Filter): string {
  return filter.kind === "metric" ? `metric ${filter.metric}` : `value ${filter.field}`;
}

/** Hidden by a filter is not the same as lacking a value to judge by. */
export type Verdict = "passes" | "hidden" | "missing";

export interface Filtered {
  readonly passing: ReadonlySet<string>;
  readonly hidden: number;
  /** Models that a metric filter cannot judge, for lack of a value. */
  readonly missing: number;
}

export function judge(study: Study, model: ModelRecord, filter: Filter): Verdict {
  if (filter.kind === "metric") {
    const metric = metricNamed(study, filter.metric);
    if (!metric || (filter.low === null && filter.high === null)) return "passes";
    const value = valueOf(study, model.id, metric);
    if (value === null || Number.isNaN(value)) return "missing";
    return value >= (filter.low ?? -Infinity) && value <= (filter.high ?? Infinity) ? "passes" : "hidden";
  }
  if (filter.values.length === 0) return "passes";
  return filter.values.includes(fieldValue(model, filter.field)) ? "passes" : "hidden";
}

/** What all filters together leave; a model that several filters stop counts once. */
export function applyFilters(study: Study, filters: readonly Filter[]): Filtered {
  const passing = new Set<string>();
  let hidden = 0;
  let missing = 0;
  for (const model of study.models) {
    const verdicts = filters.map((filter) => judge(study, model, filter));
    if (verdicts.includes("hidden")) hidden += 1;
    else if (verdicts.includes("missing")) missing += 1;
    else passing.add(model.id);
  }
  return { passing, hidden, missing };
}

/** Why a model does not pass, naming the first filter that stops it; undefined for one that passes. */
export function stoppedBy(study: Study, model: ModelRecord, filters: readonly Filter[]): string | undefined {
  for (const filter of filters) {
    const verdict = judge(study, model, filter);
    const name = filter.kind === "metric" ? filter.metric : filter.field;
    if (verdict === "hidden") return `Hidden by the filter on ${name}`;
    if (verdict === "missing") return `No value of ${name} to filter by`;
  }
  return undefined;
}

/** The fields whose values can be chosen, with their values in order of first appearance. */
export function fieldsOf(study: Study): ReadonlyMap<string, readonly Choice[]> {
  // The name of each field, with the word for what a model may lack.
  const names = new Map([["operation", "operation"]]);
  for (const model of study.models) {
    if (model.tag) names.set("tag", "tag");
    for (const parameter of Object.keys(model.operation?.parameters ?? {})) {
      names.set(parameterField(model.operation?.name ?? "", parameter), parameter);
    }
  }
  const fields = [...names].map(([name, word]) => {
    const values = [...new Set(study.models.map((model) => fieldValue(model, name)))];
    return [name, choicesOf(values, `no ${word}`)] as const;
  });
  return new Map(fields.filter(([, choices]) => choices.length > 1));
}

/** Values under the labels that people write, or as JSON spells them where two would have one label. */
function choicesOf(values: readonly FieldValue[], lacking: string): readonly Choice[] {
  const labels = values.map((value) => (value === null ? lacking : spellValue(JSON.parse(value))));
  const alike = new Set(labels).size < labels.length;
  return values.map((value, place) => ({ value, label: alike && value !== null ? value : (labels[place] ?? "") }));
}

function parameterField(operation: string, parameter: string): string {
  return `${operation} · ${parameter}`;
}

function fieldValue(model: ModelRecord, field: string): FieldValue {
  if (field === "operation") return model.operation ? JSON.stringify(model.operation.name) : null;
  if (field === "tag") return model.tag ? JSON.stringify(model.tag) : null;
  for (const [name, value] of Object.entries(model.operation?.parameters ?? {})) {
    if (parameterField(model.operation?.name ?? "", name) === field) return JSON.stringify(value);
  }
  return null;
}

/** A filter from a link, or null when it is none that this study can apply. */
export function readFilter(text: string, study: Study): Filter | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(value)) return null;
  const [kind, name, ...rest] = value as unknown[];
  if (typeof name !== "string") return null;
  if (kind === "metric" && metricNamed(study, name) && rest.length === 2 && rest.every(isBound)) {
    return { kind, metric: name, low: rest[0] ?? null, high: rest[1] ?? null };
  }
  const choices = kind === "value" ? fieldsOf(study).get(name) : undefined;
  if (choices) {
    const known = new Set<unknown>(choices.map((choice) => choice.value));
    const values = [...new Set(rest)].filter((value): value is FieldValue => known.has(value));
    // Without any value that the study has, the filter would let everything pass.
    if (values.length > 0 || rest.length === 0) return { kind: "value", field: name, values };
  }
  return null;
}

/** The spelling that readFilter reads. */
export function writeFilter(filter: Filter): string {
  return JSON.stringify(
    filter.kind === "metric"
      ? ["metric", filter.metric, filter.low, filter.high]
      : ["value", filter.field, ...filter.values],
  );
}

function isBound(value: unknown): value is number | null {
  return value === null || (typeof value === "number" && Number.isFinite(value));
}
