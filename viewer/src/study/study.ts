// The study as the views ask for it: models by id, the forest's links, metric values as numbers.

import type { FlagRecord, Manifest, MetricRecord, ModelRecord, TimingChunk } from "../bundle/types.gen";

export interface Study {
  readonly manifest: Manifest;
  readonly models: readonly ModelRecord[];
  readonly byId: ReadonlyMap<string, ModelRecord>;
  /** Children by first parent: the forest that layouts and "descendants" speak of. */
  readonly childrenOf: ReadonlyMap<string, readonly string[]>;
  readonly roots: readonly string[];
  readonly metrics: readonly MetricRecord[];
  /** Timings arrive after the first picture; until then timing metrics have no value. */
  readonly timing: TimingChunk | null;
}

export function makeStudy(
  manifest: Manifest,
  models: readonly ModelRecord[],
  timing: TimingChunk | null = null,
): Study {
  const byId = new Map(models.map((model) => [model.id, model]));
  const childrenOf = new Map<string, string[]>();
  const roots: string[] = [];
  for (const model of models) {
    const parent = model.parents[0];
    if (parent === undefined || !byId.has(parent)) roots.push(model.id);
    else childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), model.id]);
  }
  return { manifest, models, byId, childrenOf, roots, metrics: manifest.metrics, timing };
}

/** The same study with its timings. Models and links are the same objects, so that what rests on them alone, such as a layout, stays. */
export function withTimings(study: Study, timing: TimingChunk): Study {
  return { ...study, timing };
}

/** The model's value of a metric: a number (NaN and infinities included), or null when missing. */
export function valueOf(study: Study, modelId: string, metric: MetricRecord): number | null {
  const value = own(study.byId.get(modelId)?.metrics, metric.name);
  if (value !== undefined) return typeof value === "number" ? value : Number(value);
  if (metric.source === "timing") return own(study.timing?.latency, modelId)?.p50 ?? null;
  // Sites of before have timings without it.
  if (metric.source === "memory") return own(study.timing?.memory, modelId) ?? null;
  return null;
}

/** Why a model has no value of a metric, where its export could say. */
export function whyMissing(study: Study, modelId: string, metric: MetricRecord): string | undefined {
  return own(study.byId.get(modelId)?.missing, metric.name);
}

/** What a record holds under a name, which may be that of something every object inherits, such as "constructor". */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Warnings about a model: those of its record, then those that rest on timings. */
export function flagsOf(study: Study, modelId: string): readonly FlagRecord[] {
  return [...(study.byId.get(modelId)?.flags ?? []), ...(own(study.timing?.flags, modelId) ?? [])];
}

/** Why nothing of a study runs in the page, with what to try: exporting again helps only where there are model files. */
export function whyNothingRuns(study: Study): string {
  if (!study.models.some((model) => model.sha256 !== null)) return "The study has no model files that can be read, so nothing can run here.";
  return "This site was exported without model files, so nothing can run here. Export with --models all to include them.";
}

export function metricNamed(study: Study, name: string | null): MetricRecord | null {
  return study.metrics.find((metric) => metric.name === name) ?? null;
}

/** Metrics to show where only a few fit: the primary ones, or the first few when none is. */
export function primaryMetrics(study: Study): readonly MetricRecord[] {
  const primary = study.metrics.filter((metric) => metric.primary);
  return primary.length > 0 ? primary : study.metrics.slice(0, 4);
}

/** Least and greatest finite value of a metric over the study; null when there is none. */
export function extentOf(study: Study, metric: MetricRecord): readonly [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const model of study.models) {
    const value = valueOf(study, model.id, metric);
    if (value === null || !Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : null;
}

/** The chain from the root to the model, both included. */
export function lineageOf(study: Study, modelId: string): readonly ModelRecord[] {
  const chain: ModelRecord[] = [];
  const seen = new Set<string>();
  for (let id: string | undefined = modelId; id !== undefined && !seen.has(id); ) {
    const model = study.byId.get(id);
    if (!model) break;
    seen.add(id);
    chain.unshift(model);
    id = model.parents[0];
  }
  return chain;
}

export function descendantsOf(study: Study, modelId: string): readonly string[] {
  const found: string[] = [];
  const pending = [...(study.childrenOf.get(modelId) ?? [])];
  for (let id = pending.shift(); id !== undefined; id = pending.shift()) {
    found.push(id);
    pending.push(...(study.childrenOf.get(id) ?? []));
  }
  return found;
}

/** "prune (amount 0.5, scope all)", or "root" for a model that no operation made. */
export function spellOperation(model: ModelRecord): string {
  if (!model.operation) return "root";
  const parameters = Object.entries(model.operation.parameters);
  if (parameters.length === 0) return model.operation.name;
  return `${model.operation.name} (${spellParameters(model)})`;
}

export function spellParameters(model: ModelRecord): string {
  return Object.entries(model.operation?.parameters ?? {})
    .map(([name, value]) => `${name} ${spellValue(value)}`)
    .join(", ");
}

export function spellValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
