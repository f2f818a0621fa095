// The tables of the page as rows of cells, unrounded: every model, and what differs among the selected.

import type { MetricRecord, ModelRecord } from "../bundle/types.gen.ts";
import type { Explanation } from "../engine/answers.gen.ts";
import { spellParameters, spellValue, valueOf, type Study } from "../study/study.ts";
import type { Cell } from "./csv.ts";

type Rows = readonly (readonly Cell[])[];

/** @param models in the order wanted */
export function modelRows(study: Study, models: readonly ModelRecord[], selected: ReadonlySet<string>, passing: ReadonlySet<string>): Rows {
  const heading = ["model", "parents", "operation", "parameters", "tag", "selected", "passes filters", ...study.metrics.map(titleOf)];
  return [
    heading,
    ...models.map((model) => [
      model.id,
      model.parents.join("; "),
      model.operation?.name ?? "",
      spellParameters(model),
      model.tag,
      selected.has(model.id) ? "yes" : "no",
      passing.has(model.id) ? "yes" : "no",
      ...study.metrics.map((metric) => valueOf(study, model.id, metric)),
    ]),
  ];
}

/** Each selected model's values of the variables, its metrics, and their differences from the base. */
export function differenceRows(study: Study, explanation: Explanation, base: string | null): Rows {
  const variables = explanation.variables;
  const difference = (id: string, metric: MetricRecord): Cell => {
    const [from, to] = [base === null ? null : valueOf(study, base, metric), valueOf(study, id, metric)];
    return from === null || to === null || !Number.isFinite(to - from) ? null : to - from;
  };
  const heading = [
    "model",
    ...variables.map(({ label }) => label),
    ...study.metrics.map(titleOf),
    ...(base === null ? [] : study.metrics.map((metric) => `${titleOf(metric)} minus ${base}`)),
  ];
  return [
    heading,
    ...explanation.models.map((id, place) => [
      id,
      ...variables.map(({ values, model_values }): Cell => {
        const value = values[model_values[place] ?? 0];
        return value === null || typeof value === "number" ? value : spellValue(value);
      }),
      ...study.metrics.map((metric) => valueOf(study, id, metric)),
      ...(base === null ? [] : study.metrics.map((metric) => difference(id, metric))),
    ]),
  ];
}

/** "Size [B]". */
function titleOf({ name, unit }: MetricRecord): string {
  return unit ? `${name} [${unit}]` : name;
}
