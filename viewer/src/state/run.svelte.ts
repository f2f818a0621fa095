// Running models in the page: one evaluation instance through the base and the selected models.

import { loadJson, type Bundle } from "../bundle/load.ts";
import type { InputsChunk, InstancesChunk, LayersChunk, PredictionsChunk, PredictionsPart } from "../bundle/types.gen.ts";
import type { Distributions } from "../engine/answers.gen.ts";
import type { Tensor } from "../engine/contract.ts";
import { newestOnly } from "../engine/newest.ts";
import type { OnnxEngine } from "../engine/onnx.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asFailure, type Failure } from "../failure.ts";
import { inputsChunkOf, modelInputs } from "../run/instances.ts";
import {
  agreementOf,
  classify,
  exportedPrediction,
  partOf,
  recordedTopK,
  type Agreement,
  type Prediction,
  type RecordedTopK,
} from "../run/predictions.ts";
import { commonActivations, distributions, type ActivationChoice } from "../run/activations.ts";
import type { Study } from "../study/study.ts";
import type { View } from "./view.ts";

/** What one model answered here, beside what the exporter recorded. */
export interface ModelRun {
  readonly id: string;
  readonly here: Prediction | null;
  readonly exported: Prediction | null;
  readonly agreement: Agreement | null;
  readonly milliseconds: number;
  /** Why there is no answer, such as a model that does not travel with this site. */
  readonly failure: Failure | null;
}

/** The chosen activation of each model that has it, on one range. */
export interface ActivationRun {
  readonly tensor: string;
  readonly models: readonly string[];
  readonly answer: Distributions;
}

/** What running models needs of the page. */
export interface RunContext {
  readonly bundle: Bundle;
  readonly study: Study;
  readonly python: PythonEngine;
  readonly onnx: OnnxEngine;
  readonly view: View;
  /** Base first, then the selected models. */
  readonly compared: readonly string[];
}

export class RunState {
  /** Instances that are loaded, by chunk number. */
  chunks: ReadonlyMap<number, InstancesChunk> = $state.raw(new Map());
  /** What models take of instances, by chunk, as far as it was needed. */
  readonly inputs = new Map<string, Promise<InputsChunk>>();
  /** Why instances could not be loaded. */
  instancesFailure: Failure | null = $state.raw(null);
  /** Whether the reader asked for models to be run; from then on each new choice runs at once. */
  wanted: boolean = $state(false);
  /** A run is under way. */
  busy: boolean = $state(false);
  /** Results for the instance `ran`, one for each compared model. */
  results: readonly ModelRun[] = $state.raw([]);
  ran: number | null = $state(null);
  /** The activation asked for, and why it could not be had. */
  activation: ActivationRun | null = $state.raw(null);
  activationFailure: Failure | null = $state.raw(null);
  /** Files that the last run could not read and did without. */
  unread: readonly Failure[] = $state.raw([]);
  /** The tensors that can be shown: those of the base, with whether all compared models have them. */
  choices: readonly ActivationChoice[] = $state.raw([]);

  readonly #app: RunContext;
  readonly #newest = newestOnly();
  readonly #layers = new Map<string, Promise<LayersChunk>>();
  readonly #predictions = new Map<string, Promise<PredictionsChunk>>();
  readonly #recorded = new Map<string, Promise<RecordedTopK>>();
  #asked = "";

  constructor(app: RunContext) {
    this.#app = app;
  }

  /** Loads what the picker shows first: the first instances, and those of a link. */
  async open(): Promise<void> {
    const { instance } = this.#app.view;
    const size = this.#app.study.manifest.dataset?.chunk_size ?? 1;
    const numbers = new Set([0, ...(instance === null ? [] : [Math.floor(instance / size)])]);
    await Promise.all([...numbers].map((number) => this.loadInstances(number)));
  }

  /** Loads the instances of one chunk, to be looked at. */
  async loadInstances(number: number): Promise<void> {
    const id = this.#app.study.manifest.dataset?.chunks[number];
    if (id === undefined || this.chunks.has(number)) return;
    try {
      const chunk = await loadJson<InstancesChunk>(this.#app.bundle, id);
      this.chunks = new Map([...this.chunks, [number, chunk]]);
      this.instancesFailure = null;
    } catch (error) {
      this.instancesFailure = asFailure(error, id);
    }
  }

  /** The reader wants models to run here. */
  start(): void {
    this.wanted = true;
    this.viewChanged();
  }

  /** Loads and runs what the view asks for once more, as after an engine failed or a file was put back. */
  again(): void {
    this.#asked = "";
    this.instancesFailure = null;
    void this.open();
    this.viewChanged();
  }

  /** Runs what the view now asks for, once the reader has asked for it at all. */
  viewChanged(): void {
    const { instance, activation } = this.#app.view;
    if (!this.wanted) return;
    if (instance === null || this.#app.compared.length === 0 || this.#inputsOf(instance) === null) return this.#forget();
    const asked = JSON.stringify([instance, activation, this.#app.compared]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.busy = true;
    void this.#newest((signal) => this.#run(instance, activation, this.#app.compared, signal))
      .catch((error: unknown) => (this.instancesFailure = asFailure(error, "run in the page")))
      .finally(() => {
        if (this.#asked === asked) this.busy = false;
      });
  }

  /** What was run is no longer asked for; what is under way is overtaken, so that it lands nowhere. */
  #forget(): void {
    void this.#newest(async () => {});
    this.#asked = "";
    this.busy = false;
    this.results = [];
    this.ran = null;
    this.choices = [];
    this.activation = null;
    this.activationFailure = null;
    this.unread = [];
  }

  async #run(
    index: number,
    activation: string | null,
    compared: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { dataset } = this.#app.study.manifest;
    if (!dataset) return;
    await this.loadInstances(Math.floor(index / dataset.chunk_size));
    const place = this.#inputsOf(index);
    if (place === null) return;
    const inputs = await remembered(this.inputs, place, () => loadJson<InputsChunk>(this.#app.bundle, place));
    this.instancesFailure = null;
    const feeds = modelInputs(dataset, inputs, index);
    const unread: Failure[] = [];
    const orWithout = <T>(file: Promise<T | null>): Promise<T | null> =>
      file.catch((error: unknown) => {
        unread.push(asFailure(error, "run in the page"));
        return null;
      });
    const layers = await Promise.all(compared.map((id) => orWithout(this.#layersOf(id))));
    const predictions = await Promise.all(compared.map((id) => orWithout(this.#predictionsOf(id, index))));
    signal.throwIfAborted();
    this.unread = unread;
    this.choices = commonActivations(layers);
    const wanted = this.choices.find((choice) => choice.tensor === activation) ?? this.choices.at(0) ?? null;
    const runs: ModelRun[] = [];
    const tensors: { id: string; tensor: Tensor }[] = [];
    for (const [place, id] of compared.entries()) {
      const has = layers[place]?.activations.some((known) => known.tensor === wanted?.tensor) ?? false;
      const exported = predictions[place] ? exportedPrediction(predictions[place], index) : null;
      const { run, tensor } = await this.#runModel(id, feeds, exported, has && wanted ? wanted.tensor : null, signal);
      signal.throwIfAborted();
      runs.push(run);
      if (tensor) tensors.push({ id, tensor });
      // An engine that cannot start fails for every model alike, and says why itself.
      const { onnx, python } = this.#app;
      if (run.failure && [onnx, python].some((engine) => engine.status.get().state === "failed")) break;
    }
    this.results = runs;
    this.ran = index;
    await this.#describe(wanted, tensors, signal);
  }

  async #runModel(
    id: string,
    feeds: Readonly<Record<string, Tensor>>,
    exported: Prediction | null,
    activation: string | null,
    signal: AbortSignal,
  ): Promise<{ run: ModelRun; tensor: Tensor | null }> {
    const model = this.#app.study.byId.get(id);
    const { dataset } = this.#app.study.manifest;
    const nothing = { id, here: null, exported, agreement: null, milliseconds: 0 };
    if (!model?.onnx || !dataset) {
      const failure = {
        what: "This model does not run in the page.",
        where: id,
        why: model?.failure ?? `There is no model file in this site: ${model?.not_embedded ?? "unknown model"}.`,
        // Without a file that could be read, no export has one to include.
        tryThis: model?.sha256 ? "Export again with --models all." : "",
      };
      return { run: { ...nothing, failure }, tensor: null };
    }
    try {
      const { outputs, milliseconds } = await this.#app.onnx.run(
        {
          model: model.onnx,
          label: id,
          expose: activation === null ? [] : [activation],
          feeds,
        },
      );
      const scores = dataset.output === null ? Object.values(outputs)[0] : outputs[dataset.output];
      if (!scores) throw new Error(`The model gave no output ${dataset.output ?? ""}.`);
      const here = await classify(this.#app.python, dataset, scores);
      return {
        run: { id, here, exported, agreement: exported && agreementOf(here, exported), milliseconds, failure: null },
        tensor: activation === null ? null : (outputs[activation] ?? null),
      };
    } catch (error) {
      signal.throwIfAborted();
      return { run: { ...nothing, failure: asFailure(error, id) }, tensor: null };
    }
  }

  async #describe(
    choice: ActivationChoice | null,
    tensors: readonly { id: string; tensor: Tensor }[],
    signal: AbortSignal,
  ): Promise<void> {
    this.activationFailure = null;
    if (!choice || tensors.length === 0) {
      this.activation = null;
      return;
    }
    try {
      const answer = await distributions(this.#app.python, tensors.map(({ tensor }) => tensor));
      signal.throwIfAborted();
      this.activation = { tensor: choice.tensor, models: tensors.map(({ id }) => id), answer };
    } catch (error) {
      signal.throwIfAborted();
      this.activation = null;
      this.activationFailure = asFailure(error, choice.tensor);
    }
  }

  #inputsOf(index: number): string | null {
    const { dataset } = this.#app.study.manifest;
    return dataset && inputsChunkOf(dataset, index);
  }

  async #layersOf(id: string): Promise<LayersChunk | null> {
    const chunk = this.#app.study.byId.get(id)?.layers;
    if (!chunk) return null;
    return remembered(this.#layers, chunk, () => loadJson<LayersChunk>(this.#app.bundle, chunk));
  }

  async #predictionsOf(id: string, index: number): Promise<RecordedTopK | null> {
    const chunk = this.#app.study.byId.get(id)?.predictions;
    if (!chunk) return null;
    const { bundle } = this.#app;
    const whole = await remembered(this.#predictions, chunk, () => loadJson<PredictionsChunk>(bundle, chunk));
    const part = partOf(whole, index);
    return remembered(this.#recorded, part ?? chunk, async () =>
      recordedTopK(part === null ? whole : await loadJson<PredictionsPart>(bundle, part)),
    );
  }
}

/** The promise of a key, made once; a failed one is forgotten so that it can be tried again. */
function remembered<T>(known: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  const existing = known.get(key);
  if (existing) return existing;
  const promise = load();
  known.set(key, promise);
  promise.catch(() => known.delete(key));
  return promise;
}
