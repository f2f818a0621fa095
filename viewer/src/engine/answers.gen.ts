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

/**
 * Sums over pairs of values; those with a NaN or infinity on either side are `skipped`.
 *
 * `same` counts pairs of equal values. In float64: `signal` Σr², `power` Σt², `noise`
 * Σ(r-t)², `product` Σr·t; `largest` is max |r-t|.
 */
export interface Change {
  readonly count: number;
  readonly skipped: number;
  readonly same: number;
  readonly signal: JsonNumber;
  readonly power: JsonNumber;
  readonly noise: JsonNumber;
  readonly product: JsonNumber;
  readonly largest: JsonNumber;
}

/** An array of an answer: its name, and what the buffer at its place in the answer holds. */
export interface ArrayPlace {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * How many instances base and other model got right; `lost` only the base, `gained` only
 * the other.
 */
export interface FourWay {
  readonly both_right: number;
  readonly both_wrong: number;
  readonly lost: number;
  readonly gained: number;
}

/**
 * Whether other and base differ in accuracy.
 *
 * `p` is McNemar's exact two-sided probability of a split of lost and gained at least as uneven
 * if neither model were better; 1 where they are equal. `difference` is the accuracy of the
 * other minus that of the base, `low` to `high` its 95 % confidence interval; null without
 * instances.
 */
export interface PairedTest {
  readonly p: JsonNumber;
  readonly difference: JsonNumber | null;
  readonly low: JsonNumber | null;
  readonly high: JsonNumber | null;
}

/**
 * What became of `count` instances: of all, or of a level of a group or class.
 *
 * `outcomes` and `test` are null where nothing is right or wrong. `means` are of the values
 * that are numbers; null where there is none.
 */
export interface PairRow {
  readonly count: number;
  readonly outcomes: FourWay | null;
  readonly test: PairedTest | null;
  readonly means: Readonly<Record<string, JsonNumber | null>>;
}

/**
 * Instances of class `true` that are taken for `predicted`: by the base, by the model.
 *
 * `predicted` is null for instances without a class.
 */
export interface Confusion {
  readonly true: number;
  readonly predicted: number | null;
  readonly base: number;
  readonly model: number;
}

/**
 * `count` instances of class `true` that the base takes for `before`, the model for
 * `after`; null for none.
 */
export interface Move {
  readonly true: number;
  readonly before: number | null;
  readonly after: number | null;
  readonly count: number;
}

/** A piece of both texts that is the same, or what stands there instead: `base`, `text`. */
export interface Piece {
  readonly kind: "same" | "changed";
  readonly base: string;
  readonly text: string;
}

/**
 * A model beside the base: over all instances, and over the levels of each of the `rows`.
 *
 * `arrays` are the values of each instance, float32 (n,), NaN where there is none; `first` is
 * the number of the answer's buffer that holds the first of them. `labels` are rows of the
 * labels of a multilabel task.
 */
export interface Paired {
  readonly whole: PairRow;
  readonly rows: readonly (readonly PairRow[])[];
  readonly labels: readonly PairRow[];
  readonly correlation: JsonNumber | null;
  readonly first: number;
  readonly arrays: readonly ArrayPlace[];
}

/** What a model takes for what, beside the base: pairs of classes, and what moved. */
export interface Confused {
  readonly confusions: readonly Confusion[];
  readonly moves: readonly Move[];
}

/**
 * The buffers of `disagreement`, uint16 (n,): `apart` counts models that differ from the
 * most common answer, `from_first` from the base's.
 */
export interface Disagreeing {
  readonly arrays: readonly ArrayPlace[];
}

export type Compared = "base" | "exact" | "sketch" | "no";

/**
 * A tensor or group of one model.
 *
 * `compared` says how it was: as the `base` itself, from `exact` sums, by `sketch` (at
 * least a part of a group), or not. `error` is the relative standard error of an estimated
 * Σ(r-t)². Where sketches are closer than their rounding tells, `at_least_db` is a bound of the
 * SQNR, and neither it nor the relative change is known. `effective_bits` of each trained value,
 * `patterns` shares of the values of kernels and matrices. `note` says why a tensor has no
 * partner; `lone` counts such tensors of a group. Its counts on the row's grid begin at
 * `first` in the answer's buffer: (bins, 8) split by steps of change, the last not compared.
 */
export interface Cell {
  readonly statistics: Statistics;
  readonly compared: Compared;
  readonly change: Change | null;
  readonly relative_l2: JsonNumber | null;
  readonly sqnr_db: JsonNumber | null;
  readonly cosine: JsonNumber | null;
  readonly at_least_db: JsonNumber | null;
  readonly error: JsonNumber | null;
  readonly effective_bits: JsonNumber | null;
  readonly patterns: Readonly<Record<string, JsonNumber>>;
  readonly channels: number;
  readonly empty_channels: number;
  readonly lone: number;
  readonly note: string;
  readonly first: number;
}

/**
 * A module or tensor, with an entry for each model: null where it has no such thing.
 *
 * `reasons` say why, where a tensor is missing. Bin k of the row's histograms begins at
 * (`first` + k)·2^`exponent`; there are no `bins` where no value is finite.
 */
export interface TableRow {
  readonly path: string;
  readonly name: string;
  readonly is_tensor: boolean;
  readonly operators: readonly string[];
  readonly exponent: number;
  readonly first: number;
  readonly bins: number;
  readonly cells: readonly (Cell | null)[];
  readonly reasons: readonly string[];
  readonly children: readonly TableRow[];
}

/**
 * Answer of `layers` and `activations`: the whole model's row with all rows below it.
 *
 * `counts` describes the answer's one buffer, in which the counts of all cells are.
 */
export interface Layered {
  readonly root: TableRow;
  readonly counts: ArrayPlace;
}

/**
 * Answer of `sketched` for one tensor: its values at the `shares`, and how far each of its
 * equal `parts` is from the first tensor's (relative L2).
 */
export interface Sketched {
  readonly quantiles: readonly (JsonNumber | null)[];
  readonly parts: readonly (JsonNumber | null)[];
}

export type Kind = "base" | "parameter" | "presence" | "operation";

/**
 * One thing in which the selected models differ.
 *
 * `values` are the distinct values in a meaningful order: null, "not there", first; then
 * numbers by value; then text. A parameter that is null has the text "null". Where two values
 * would be shown alike, such as 8 and "8", all texts are as JSON spells them. `model_values`
 * holds the index into `values` of each selected model, in the order of
 * `Explanation.models`. `implied_by` is the label of a variable that this one is a function
 * of; an implied variable costs nothing. `column` numbers the steps of the alignment: variables
 * of one column are read together.
 */
export interface Variable {
  readonly label: string;
  readonly kind: Kind;
  readonly operation: string;
  readonly parameter: string | null;
  readonly values: readonly unknown[];
  readonly model_values: readonly number[];
  readonly cost: number;
  readonly column: number;
  readonly implied_by: string | null;
}

/**
 * What differs among the selected models.
 *
 * `models` are the selected ids, sorted. `repeats` are groups of models with equal recipes.
 * `cost` is that of the variables that are not implied. `proven` says that no alignment of
 * these recipes is cheaper; otherwise it is the best that was found in bounded time.
 */
export interface Explanation {
  readonly models: readonly string[];
  readonly variables: readonly Variable[];
  readonly repeats: readonly (readonly string[])[];
  readonly cost: number;
  readonly proven: boolean;
  readonly sentence: string;
}

export type EncodingKind = "number" | "category";

/**
 * What an axis, the colour or the facets show.
 *
 * `values` are in their order; a number's spacing may be used on an axis. `variables` are the
 * labels of the variables that this one encoding combines.
 */
export interface Encoding {
  readonly label: string;
  readonly kind: EncodingKind;
  readonly values: readonly string[];
  readonly variables: readonly string[];
}

/**
 * One place of the chart, by index into the encodings' values, and the models that stand there.
 *
 * Several models on one mark have equal recipes: they are shown as mean and range, with n.
 */
export interface Mark {
  readonly x: number;
  readonly colour: number;
  readonly facet: number;
  readonly models: readonly string[];
}

/** A truthful chart: every model on a mark, and different recipes on different marks. */
export interface Chart {
  readonly x: Encoding | null;
  readonly colour: Encoding | null;
  readonly facet: Encoding | null;
  readonly marks: readonly Mark[];
}

/**
 * A value that may be chosen: how many models have it and every choice of other variables.
 *
 * An option that leaves 0 is a dead end, and is to be shown as one.
 */
export interface Option {
  readonly value: unknown;
  readonly chosen: boolean;
  readonly models: number;
}

/** One variable with its options. */
export interface Choice {
  readonly label: string;
  readonly options: readonly Option[];
}

/** The choices, and the models that all of them together leave, in the explanation's order. */
export interface Refinement {
  readonly choices: readonly Choice[];
  readonly models: readonly string[];
}

export type EditKind = "same" | "changed" | "removed" | "added";

/** One step: the operation and its parameters before (null: added) and after (null: removed). */
export interface Edit {
  readonly kind: EditKind;
  readonly operation: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
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

/** Answer of `estimate` for one pair: its change, the sampling error, and what they give. */
export interface Estimated {
  readonly change: Change;
  readonly error: JsonNumber | null;
  readonly relative_l2: JsonNumber | null;
  readonly sqnr_db: JsonNumber | null;
  readonly cosine: JsonNumber | null;
}

/** Answer of `chart`: what differs among the selected models, and how to draw it. */
export interface Charted {
  readonly explanation: Explanation;
  readonly chart: Chart;
}
