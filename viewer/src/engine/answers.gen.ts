// What cc_core answers to the page's questions. From wasm/cc_core.
// Written by `python -m cc_export.bundle.typescript`; change the Python records instead.

import type { JsonNumber } from "../bundle/types.gen.ts";

/**
 * What is known exactly of a set of numbers. All sums are float64.
 *
 * `count` includes everything; `minimum`, `maximum`, `total` (Σx) and `squares` (Σx²)
 * are over the finite values only, and `minimum`/`maximum` are null when there are none. A sum
 * beyond float64 (values above 1e154) is infinite.
 */
export interface Statistics {
  readonly count: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  readonly minimum: JsonNumber | null;
  readonly maximum: JsonNumber | null;
  readonly total: JsonNumber;
  readonly squares: JsonNumber;
}

/**
 * The difference r - t of a reference r and another tensor t of the same shape.
 *
 * Pairs in which either side is NaN or infinite are left out and counted in `skipped`.
 *
 * `relative_l2` = ‖r−t‖₂ / ‖r‖₂ (lower is closer; null when the reference is all zero and t is
 * not). `sqnr_db` = 10·log₁₀(Σr² / Σ(r−t)²) in decibels (higher is closer; null when the two
 * are equal, where it would be infinite, or when the reference is all zero). `cosine` =
 * Σr·t / (‖r‖₂‖t‖₂) (higher is closer; null when either side is all zero). All three are null
 * when a sum of squares is beyond float64 (values above 1e154).
 */
export interface Comparison {
  readonly count: number;
  readonly skipped: number;
  readonly relative_l2: JsonNumber | null;
  readonly sqnr_db: JsonNumber | null;
  readonly cosine: JsonNumber | null;
  readonly largest: JsonNumber;
  readonly mean_absolute: JsonNumber;
}

export type Kind = "base" | "parameter" | "presence" | "operation";

/**
 * One thing in which the selected models differ.
 *
 * `values` are the distinct values in a meaningful order: null, "not there", first; then
 * numbers by value; then text. A parameter that is null has the text "null". `model_values`
 * holds the index into `values` of each selected model, in the order of
 * `Explanation.models`. `implied_by` is the label of a variable that this one is a function
 * of; an implied variable costs nothing.
 */
export interface Variable {
  readonly label: string;
  readonly kind: Kind;
  readonly operation: string;
  readonly parameter: string | null;
  readonly values: readonly unknown[];
  readonly model_values: readonly number[];
  readonly cost: number;
  readonly implied_by: string | null;
}

/**
 * What differs among the selected models.
 *
 * `models` are the selected ids, sorted. `repeats` are groups of models with equal recipes.
 * `proven` says that no cheaper set of variables exists: here, when the cost is zero or there
 * is one variable of the smallest cost; the greedy alignment proves nothing else.
 */
export interface Explanation {
  readonly models: readonly string[];
  readonly variables: readonly Variable[];
  readonly repeats: readonly (readonly string[])[];
  readonly cost: number;
  readonly proven: boolean;
  readonly sentence: string;
}

/**
 * Answer of `distributions`: one entry for each tensor, counts on bins of [low, high].
 *
 * `comparisons` are with the first tensor; null where a tensor's shape differs from its.
 */
export interface Distributions {
  readonly low: JsonNumber;
  readonly high: JsonNumber;
  readonly statistics: readonly Statistics[];
  readonly counts: readonly (readonly number[])[];
  readonly comparisons: readonly (Comparison | null)[];
}

/**
 * Answer of `classify` for one tensor of n instances: the k most probable classes of each.
 *
 * Label 65535 marks an instance without usable scores. `rest` is the probability of all other
 * classes.
 */
export interface Classification {
  readonly labels: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly JsonNumber[])[];
  readonly rest: readonly JsonNumber[];
}
