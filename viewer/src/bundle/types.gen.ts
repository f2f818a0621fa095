// What the chunks of a site hold. From cc_export/bundle/records.
// Written by `python -m cc_export.bundle.typescript`; change the Python records instead.

export const FORMAT_VERSION = 2;

export type Base64 = string;

export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

export type Json = unknown;

/**
 * An array of little-endian numbers in C order, made small for a file.
 *
 * `data` is zlib's format over the bytes of all numbers by place: first bytes of all, then
 * second bytes of all, and so on.
 */
export interface PackedRecord {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly encoding: "planes+zlib";
  readonly data: Base64;
}

/** An array of instances: `shape[0]` is the number of instances in the chunk. */
export interface ArrayRecord {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Base64;
}

/** A file of the site; null where it may differ between equal exports (timings). */
export interface FileRecord {
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** Binary content in parts: `bytes` after decoding, `parts` are chunk ids in order. */
export interface AssetRecord {
  readonly bytes: number;
  readonly encoding: "gzip";
  readonly parts: readonly string[];
}

/** Which bundle format this is; a viewer reads every version up to its own. */
export interface FormatRecord {
  readonly name: "cc-bundle";
  readonly version: number;
}

/** What the study is about. */
export interface StudyRecord {
  readonly title: string;
  readonly description: string;
  readonly models: number;
}

/**
 * A metric; `direction` null: neither way is better.
 *
 * Values whose `source` is timing or memory are in the TimingChunk.
 */
export interface MetricRecord {
  readonly name: string;
  readonly direction: "higher" | "lower" | null;
  readonly unit: string;
  readonly format: string;
  readonly definition: string;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly primary: boolean;
  readonly source: "study" | "measured" | "timing" | "memory";
}

/** An operation declared by the study. */
export interface OperationTypeRecord {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly description: string;
}

/** A model input: raw array · scale + offset. */
export interface InputRecord {
  readonly name: string;
  readonly array: string;
  readonly scale: number;
  readonly offset: number;
}

/** How an instance is shown: the array that is its picture, or the cells of these columns. */
export interface PreviewRecord {
  readonly kind: "image" | "text" | "table";
  readonly array: string | null;
  readonly columns: readonly string[];
}

/** An attribute of the instances; AttributesChunk has each instance's place among `levels`. */
export interface GroupRecord {
  readonly name: string;
  readonly levels: readonly string[];
}

/**
 * The evaluation set; instance i is in chunk `chunks[i // chunk_size]`.
 *
 * `classes` are those of labels, or names of the targets of a regression. `attributes` is the
 * id of the chunk of labels and groups, `ids` are those of chunks of all ids, `ids_size` in
 * each; there are none where an id is the number of its instance, from 0. What models take of
 * instance i is number i / `inputs_stride` of those in `inputs_chunks`, `inputs_size` in
 * each, where that is a whole number, and nowhere otherwise. `not_runnable` says
 * why models cannot be run on these instances in the page; empty where they can. `redacted`:
 * inputs, labels and groups of instances are left out, ids and outcomes are there.
 */
export interface DatasetRecord {
  readonly name: string;
  readonly task: string;
  readonly instances: number;
  readonly classes: readonly string[];
  readonly inputs: readonly InputRecord[];
  readonly preview: PreviewRecord | null;
  readonly groups: readonly GroupRecord[];
  readonly attributes: string;
  readonly ids: readonly string[];
  readonly ids_size: number;
  readonly output: string | null;
  readonly scores: "logits" | "probabilities";
  readonly threshold: number;
  readonly not_runnable: string;
  readonly redacted: boolean;
  readonly chunk_size: number;
  readonly chunks: readonly string[];
  readonly inputs_stride: number;
  readonly inputs_size: number;
  readonly inputs_chunks: readonly string[];
}

/** The engines in the site: versions, and the cut lock file that Pyodide starts from. */
export interface RuntimeRecord {
  readonly versions: Readonly<Record<string, string>>;
  readonly lock: Json;
}

/** `data/manifest`: everything needed to find, check and label the rest. */
export interface Manifest {
  readonly format: FormatRecord;
  readonly generator: string;
  readonly study: StudyRecord;
  readonly metrics: readonly MetricRecord[];
  readonly operations: readonly OperationTypeRecord[];
  readonly dataset: DatasetRecord | null;
  readonly timing: string;
  readonly answers: string;
  readonly runtime: RuntimeRecord | null;
  readonly assets: Readonly<Record<string, AssetRecord>>;
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** One use of an operation. */
export interface OperationRecord {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Json>>;
}

export type FlagKind = "bigger than it claims" | "slower than its parent";

/** A warning about a model: of what kind, and why in words. */
export interface FlagRecord {
  readonly kind: FlagKind;
  readonly text: string;
}

/**
 * Facts of a model's file that are no metrics.
 *
 * `types` are its trained parameters by the type they are stored in, `operators` its nodes by
 * operator. `macs_unknown` says why the model has no MACs; empty where it has. `patterns` are
 * shares of the values of kernels and matrices in N:M groups, `empty_inputs` the share of their
 * input channels without a value but zero.
 */
export interface FactsRecord {
  readonly types: Readonly<Record<string, number>>;
  readonly operators: Readonly<Record<string, number>>;
  readonly macs_unknown: string;
  readonly patterns: Readonly<Record<string, number>>;
  readonly empty_inputs: number | null;
}

/**
 * How a PyTorch module became the model's file, and how far their answers are apart.
 *
 * `absolute` is the largest difference on `instances`, `relative` divides it by the largest
 * value of the module's output.
 */
export interface ConversionRecord {
  readonly torch: string;
  readonly exporter: string;
  readonly absolute: JsonNumber;
  readonly relative: JsonNumber;
  readonly instances: number;
}

/**
 * A model; the ids of its chunks are null where there is nothing to show.
 *
 * `failure` says why a model could not be read or run. `onnx` is the id of the asset that
 * holds the model; where it is null, `not_embedded` says why. `missing` says why metrics of
 * the study's own could not be computed, by their names.
 */
export interface ModelRecord {
  readonly id: string;
  readonly parents: readonly string[];
  readonly operation: OperationRecord | null;
  readonly tag: string;
  readonly notes: string;
  readonly created: string;
  readonly failure: string | null;
  readonly metrics: Readonly<Record<string, JsonNumber>>;
  readonly missing: Readonly<Record<string, string>>;
  readonly flags: readonly FlagRecord[];
  readonly facts: FactsRecord | null;
  readonly conversion: ConversionRecord | null;
  readonly sha256: string | null;
  readonly opset: number | null;
  readonly onnx: string | null;
  readonly not_embedded: string;
  readonly layers: string | null;
  readonly sketches: string | null;
  readonly channels: string | null;
  readonly activations: string | null;
  readonly predictions: string | null;
}

/** `data/models`: every model of the study. */
export interface ModelsChunk {
  readonly models: readonly ModelRecord[];
}

/**
 * `data/answers`: what differs in the selections people start with, each a Charted.
 *
 * The page gives these answers before Python is ready; they are the ones it would work out.
 */
export interface AnswersChunk {
  readonly answers: readonly Json[];
}

/** Exact statistics of a tensor's dequantized values. */
export interface StatisticsRecord {
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
 * Counts of finite values in `bins` bins, each 2^`exponent` wide.
 *
 * Bin k holds the values from (`first` + k)·2^exponent. All models of the study have one grid
 * for a tensor, and grids of different exponents nest. `counts` are uint8 on a square-root
 * scale; they stand for `total` values.
 */
export interface HistogramRecord {
  readonly exponent: number;
  readonly first: number;
  readonly bins: number;
  readonly total: number;
  readonly counts: Base64;
}

/** The output channel with the least SQNR, in decibels. */
export interface WorstChannelRecord {
  readonly channel: number;
  readonly sqnr_db: number;
}

/**
 * Exact sums over pairs of a reference's value r and the tensor's t; they add up over tensors.
 *
 * `skipped` pairs hold a NaN or infinity, `same` ones are equal. `signal` is Σr², `power`
 * Σt², `noise` Σ(r-t)², `product` Σr·t, `largest` max |r-t|. `by_change`, uint8 (bins, 8),
 * is the tensor's histogram split by |r-t| / 2^`unit`: below 2^-10, then up to 2^-8, 2^-6, 2^-4,
 * 2^-2, 1 and above; the eighth holds values that could not be compared.
 */
export interface ChangeRecord {
  readonly count: number;
  readonly skipped: number;
  readonly same: number;
  readonly signal: JsonNumber;
  readonly power: JsonNumber;
  readonly noise: JsonNumber;
  readonly product: JsonNumber;
  readonly largest: JsonNumber;
  readonly unit: number;
  readonly by_change: Base64;
  readonly worst_channel: WorstChannelRecord | null;
}

/**
 * value = (stored - zero_point) · scale: per tensor, along `axis`, or per `block` along it.
 *
 * There are `scales` of them; of more than 4,096 (blocks, as a rule) none is listed.
 */
export interface QuantizationRecord {
  readonly axis: number;
  readonly block: number | null;
  readonly scales: number;
  readonly scale: readonly JsonNumber[];
  readonly zero_point: readonly JsonNumber[];
}

/**
 * One tensor of a layer. `layer` and `name` are the same in every model that has it.
 *
 * `how` it was recognized: null for a tensor that no earlier model has. `changes` has an entry
 * for each reference of the chunk, null where the reference has no such tensor. All values of
 * `empty_channels` of its output `channels` are zero. `bits` are those it takes in the file,
 * with the scales and zero points it needs; null for measured statistics, which are not trained.
 * `patterns` of kernels and matrices: by `N:M`, how many values lie in groups of M input
 * channels of which at most N are not zero; empty where too few are zero to have looked.
 */
export interface TensorRecord {
  readonly layer: string;
  readonly name: string;
  readonly role: string;
  readonly initializer: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization: QuantizationRecord | null;
  readonly how: "name" | "place" | "shape" | null;
  readonly note: string;
  readonly channels: number;
  readonly empty_channels: number;
  readonly bits: number | null;
  readonly patterns: Readonly<Record<string, number>> | null;
  readonly statistics: StatisticsRecord;
  readonly histogram: HistogramRecord | null;
  readonly changes: readonly (ChangeRecord | null)[];
}

/** A module with its own tensors; groups are the prefixes of paths. */
export interface LayerRecord {
  readonly path: string;
  readonly operators: readonly string[];
  readonly tensors: readonly TensorRecord[];
}

/** A tensor that only the model has, or only the one it was aligned with, and why. */
export interface OneSidedRecord {
  readonly layer: string;
  readonly name: string;
  readonly side: "base" | "model";
  readonly kind: string;
  readonly reason: string;
}

/** An intermediate tensor the model can expose. */
export interface ActivationRecord {
  readonly tensor: string;
  readonly layer: string;
  readonly operator: string;
}

/** Another chunk with a part of what is told here, and the paths of the layers in it. */
export interface PartRecord {
  readonly chunk: string;
  readonly layers: readonly string[];
}

/**
 * `data/layers/…`: the layers of one model; of very many they are in `parts`.
 *
 * `references` are the models its tensors are compared with: its root and its parent. `base`
 * is the one it was aligned with, which `one_sided` tensors speak of.
 */
export interface LayersChunk {
  readonly model: string;
  readonly references: readonly string[];
  readonly base: string | null;
  readonly operators: Readonly<Record<string, number>>;
  readonly layers: readonly LayerRecord[];
  readonly parts: readonly PartRecord[];
  readonly one_sided: readonly OneSidedRecord[];
  readonly activations: readonly ActivationRecord[];
}

/** `data/layers/…/…`: some layers of a model. */
export interface LayersPart {
  readonly model: string;
  readonly layers: readonly LayerRecord[];
}

/**
 * float16 `values` times 2^`exponent`, at the same positions in every model.
 *
 * The sketch of a tensor of `count` values holds all of them, or 2,048.
 */
export interface SketchRecord {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  readonly exponent: number;
  readonly values: Base64;
}

/**
 * `data/sketches/…`: what compares a model's tensors with those of any other model.
 *
 * Of very many tensors they are in `parts`.
 */
export interface SketchesChunk {
  readonly model: string;
  readonly tensors: readonly SketchRecord[];
  readonly parts: readonly PartRecord[];
}

/** `data/sketches/…/…`: some sketches of a model. */
export interface SketchesPart {
  readonly model: string;
  readonly tensors: readonly SketchRecord[];
}

/**
 * The output channels of a tensor, in order; `each` of them together, the last maybe fewer.
 *
 * `rms`, float16 times 2^`exponent`, is the root mean square of their values, in which those
 * that are not finite count as zero. `sqnr_db`, float16, has an entry for each reference of the
 * chunk, null where the reference has no such tensor: infinite where nothing changed, NaN where
 * the reference is all zero, or sums go beyond float64.
 */
export interface ChannelsRecord {
  readonly layer: string;
  readonly name: string;
  readonly channels: number;
  readonly each: number;
  readonly exponent: number;
  readonly rms: Base64;
  readonly sqnr_db: readonly (Base64 | null)[];
}

/** `data/channels/…`: tensors of one model that have more than one output channel. */
export interface ChannelsChunk {
  readonly model: string;
  readonly references: readonly string[];
  readonly tensors: readonly ChannelsRecord[];
}

/**
 * An activation over a sample of instances; `layer` and `name` as in every model of it.
 *
 * `tensor` is its name in the model's own file. `shape` is that of one instance, a side null
 * where instances differ. Of the `size` values of `instances` instances, the `statistics`
 * tell those that were looked at (their count). `sketch`, float16 times 2^`exponent`, holds
 * some of these at places that all models share; `changes`, an entry for each reference of the
 * chunk, are over the sketch.
 */
export interface ExposedRecord {
  readonly layer: string;
  readonly name: string;
  readonly tensor: string;
  readonly note: string;
  readonly shape: readonly (number | null)[];
  readonly instances: number;
  readonly size: number;
  readonly statistics: StatisticsRecord;
  readonly histogram: HistogramRecord | null;
  readonly changes: readonly (ChangeRecord | null)[];
  readonly exponent: number;
  readonly sketch: Base64;
}

/**
 * `data/activations/…`: what a model computes between its layers, in graph order.
 *
 * `problem` says why there are none, where the model could not be asked for them. `sample` are
 * the instances of tensors that were measured on all of these, `brief` those of the others. Of
 * very many activations they are in `parts`.
 */
export interface ActivationsChunk {
  readonly model: string;
  readonly references: readonly string[];
  readonly problem: string;
  readonly sample: readonly number[];
  readonly brief: readonly number[];
  readonly activations: readonly ExposedRecord[];
  readonly parts: readonly PartRecord[];
}

/** `data/activations/…/…`: some activations of a model, in graph order. */
export interface ActivationsPart {
  readonly model: string;
  readonly activations: readonly ExposedRecord[];
}

/** Instances by what base and model made of them; `lost`: only the base was right. */
export interface OutcomesRecord {
  readonly both_right: number;
  readonly both_wrong: number;
  readonly lost: number;
  readonly gained: number;
}

/**
 * A model beside its root or parent; arrays have one number for each instance.
 *
 * `outcomes` is null where nothing is right or wrong.
 */
export interface BaseRecord {
  readonly base: string;
  readonly roles: readonly ("root" | "parent")[];
  readonly metrics: Readonly<Record<string, JsonNumber | null>>;
  readonly arrays: Readonly<Record<string, PackedRecord>>;
  readonly outcomes: OutcomesRecord | null;
}

/**
 * `data/predictions/…`: what one model answered, by the task's names (docs/bundle.md).
 *
 * `per_class` and `per_group` have columns of numbers: one for each class, or for each level
 * of a group. `correct` are bits, one for each instance, the first in the highest bit of the
 * first byte; null where nothing is known to be true. `texts` are ids of chunks of generated
 * texts. `invalid` instances had no usable answer. Of very many instances the arrays,
 * `correct` and the arrays of `bases` are in `parts`: instance i is in
 * parts[i // part_size].
 */
export interface PredictionsChunk {
  readonly model: string;
  readonly task: string;
  readonly instances: number;
  readonly invalid: number;
  readonly metrics: Readonly<Record<string, JsonNumber | null>>;
  readonly per_class: Readonly<Record<string, readonly (JsonNumber | null)[]>>;
  readonly per_group: Readonly<Record<string, Readonly<Record<string, readonly (JsonNumber | null)[]>>>>;
  readonly arrays: Readonly<Record<string, PackedRecord>>;
  readonly correct: PackedRecord | null;
  readonly texts: readonly string[];
  readonly bases: readonly BaseRecord[];
  readonly part_size: number;
  readonly parts: readonly string[];
}

/**
 * `data/predictions/…/parts/…`: the arrays of some instances, from instance `first`.
 *
 * `bases` has the arrays of each base of the model's chunk.
 */
export interface PredictionsPart {
  readonly model: string;
  readonly first: number;
  readonly instances: number;
  readonly arrays: Readonly<Record<string, PackedRecord>>;
  readonly correct: PackedRecord | null;
  readonly bases: readonly (Readonly<Record<string, PackedRecord>>)[];
}

/** `data/predictions/…/texts/…`: some texts of one model, from instance `first`. */
export interface TextsChunk {
  readonly model: string;
  readonly first: number;
  readonly texts: readonly string[];
}

/**
 * `data/attributes`: what is known of every instance.
 *
 * `labels`: class indices; bits of a set of classes; or numbers. null where labels
 * are texts, or none. `groups`: places among the levels of each group.
 */
export interface AttributesChunk {
  readonly labels: PackedRecord | null;
  readonly groups: Readonly<Record<string, PackedRecord>>;
}

/** `data/ids/…`: ids of very many instances, from index `first`, to search and sort by. */
export interface IdsChunk {
  readonly first: number;
  readonly ids: readonly string[];
}

/**
 * `data/instances/…`: some instances, from index `first`.
 *
 * `labels`: a class index, indices of the classes that apply, numbers, or texts; null where
 * nothing is known. `pictures`: uint8 (n, h, w), (n, c, h, w) or (n, h, w, c) with one or three
 * channels c, at most 64 pixels a side. `cells`: the values of the preview's columns, by row.
 */
export interface InstancesChunk {
  readonly first: number;
  readonly ids: readonly string[];
  readonly labels: readonly Json[];
  readonly pictures: ArrayRecord | null;
  readonly cells: readonly (readonly Json[])[];
}

/**
 * `data/inputs/…`: what models take of some instances, as it lies in the evaluation data.
 *
 * They are every `stride`-th one, from index `first`.
 */
export interface InputsChunk {
  readonly first: number;
  readonly stride: number;
  readonly arrays: Readonly<Record<string, ArrayRecord>>;
}

/** Wall-clock milliseconds of one instance: of each run, divided by the instances in it. */
export interface LatencyRecord {
  readonly batch: number;
  readonly runs: number;
  readonly mean: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
}

/**
 * `data/timing`: the only chunk that differs between two exports of one study.
 *
 * `memory` by model id is in bytes; `flags` by model id are warnings that rest on timings,
 * beside those of the models' records.
 */
export interface TimingChunk {
  readonly exported: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly stages: Readonly<Record<string, number>>;
  readonly latency: Readonly<Record<string, LatencyRecord>>;
  readonly memory: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, readonly FlagRecord[]>>;
}
