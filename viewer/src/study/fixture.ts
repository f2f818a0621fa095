// A small study for unit tests of the viewer's pure parts.
import type { Manifest, MetricRecord, ModelRecord } from "../bundle/types.gen.ts";
import { makeStudy, type Study } from "./study.ts";

export function metric(name: string, more: Partial<MetricRecord> = {}): MetricRecord {
  return {
    name, direction: "higher", unit: "", format: "", definition: "", minimum: null, maximum: null,
    primary: true, source: "study", ...more,
  };
}

export function model(id: string, parent: string | null = null, metrics: ModelRecord["metrics"] = {}): ModelRecord {
  return {
    id, parents: parent === null ? [] : [parent], operation: { name: parent === null ? "train" : "prune", parameters: {} },
    tag: "", notes: "", created: "", failure: null, metrics, flags: [], facts: null, conversion: null, sha256: null, opset: null, onnx: null,
    missing: {}, not_embedded: "", layers: null, sketches: null, channels: null, activations: null, predictions: null,
  };
}

export function smallStudy(models: readonly ModelRecord[], metrics: readonly MetricRecord[]): Study {
  const manifest = { metrics, dataset: { instances: 10 } } as unknown as Manifest;
  return makeStudy(manifest, models);
}
