// Evaluation instances: their pictures, and what models take of them.

import { fromBase64 } from "../bundle/decode.ts";
import type { ArrayRecord, DatasetRecord, InputsChunk, InstancesChunk, Json } from "../bundle/types.gen.ts";
import type { Tensor } from "../engine/contract.ts";

type Numbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

const READERS: Readonly<Record<string, (bytes: ArrayBuffer) => Numbers>> = {
  uint8: (bytes) => new Uint8Array(bytes),
  int8: (bytes) => new Int8Array(bytes),
  uint16: (bytes) => new Uint16Array(bytes),
  int16: (bytes) => new Int16Array(bytes),
  uint32: (bytes) => new Uint32Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  int64: (bytes) => Float64Array.from(new BigInt64Array(bytes), Number),
  float32: (bytes) => new Float32Array(bytes),
  float64: (bytes) => new Float64Array(bytes),
};

/** One instance's slice of an array: the shape is without the instance axis. */
export interface InstanceArray {
  readonly shape: readonly number[];
  readonly values: Numbers;
}

export interface Instance {
  readonly index: number;
  readonly id: string;
  /** The true class; null where it is not known. */
  readonly label: number | null;
  /** What its picture is drawn of, where it has one. */
  readonly picture: InstanceArray | null;
  /** Values of the columns that are shown of it; empty where it is shown as a picture. */
  readonly cells: readonly Json[];
}

/** Decoded arrays by record: a chunk is decoded once however many of its instances are drawn. */
const decoded = new WeakMap<ArrayRecord, Numbers>();

function valuesOf(record: ArrayRecord): Numbers {
  const known = decoded.get(record);
  if (known) return known;
  const read = READERS[record.dtype];
  if (!read) throw new Error(`Arrays of type ${record.dtype} cannot be shown.`);
  const values = read(fromBase64(record.data).buffer);
  decoded.set(record, values);
  return values;
}

/** How many instances there are of those wanted, as far as chunks are loaded: all of them are known from the start. */
export function spellCount(matching: number, dataset: Pick<DatasetRecord, "instances">, ofOneClass: boolean, complete: boolean): string {
  if (!ofOneClass) return dataset.instances.toLocaleString("en");
  return `${matching.toLocaleString("en")}${complete ? "" : "+"}`;
}

export function instanceOf(chunk: InstancesChunk, index: number): Instance {
  const place = index - chunk.first;
  const picture = chunk.pictures && sliceOf(chunk.pictures, place);
  return { index, id: chunk.ids[place] ?? String(index), label: asClass(chunk.labels[place]), picture, cells: chunk.cells[place] ?? [] };
}

function sliceOf(record: ArrayRecord, place: number): InstanceArray {
  const shape = record.shape.slice(1);
  const size = shape.reduce((product, side) => product * side, 1);
  return { shape, values: valuesOf(record).subarray(place * size, (place + 1) * size) };
}

/** The chunk that has what models take of an instance; null where it does not travel with the site. */
export function inputsChunkOf(dataset: DatasetRecord, index: number): string | null {
  const kept = index / dataset.inputs_stride;
  return Number.isInteger(kept) ? (dataset.inputs_chunks[Math.floor(kept / dataset.inputs_size)] ?? null) : null;
}

/** The instance nearest before one whose inputs travel with the site; null where none do. */
export function nearestWithInputs(dataset: DatasetRecord, index: number): number | null {
  if (dataset.inputs_chunks.length === 0) return null;
  return index - (index % dataset.inputs_stride);
}

function asClass(label: unknown): number | null {
  return typeof label === "number" ? label : null;
}

/** The feeds of one instance: raw · scale + offset, rounded once to float32, as the exporter computes them. */
export function modelInputs(dataset: DatasetRecord, chunk: InputsChunk, index: number): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of dataset.inputs) {
    const record = chunk.arrays[input.array];
    if (!record) throw new Error(`The evaluation set has no array ${input.array}.`);
    const array = sliceOf(record, (index - chunk.first) / chunk.stride);
    const data = new Float32Array(array.values.length);
    for (let at = 0; at < data.length; at += 1) data[at] = (array.values[at] ?? 0) * input.scale + input.offset;
    feeds[input.name] = { type: "float32", dims: [1, ...array.shape], data };
  }
  return feeds;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** An instance as RGBA pixels: [h, w], [1, h, w], [3, h, w] or [h, w, 1 or 3]; null for other shapes. */
export function pictureOf(array: InstanceArray | null): Picture | null {
  if (!array) return null;
  const layout = channelLayout(array.shape);
  if (!layout) return null;
  const { channels, height, width, last } = layout;
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = Math.min(channel, channels - 1);
      const place = last ? at * channels + from : from * width * height + at;
      pixels[at * 4 + channel] = array.values[place] ?? 0;
    }
    pixels[at * 4 + 3] = 255;
  }
  return { width, height, pixels };
}

function channelLayout(shape: readonly number[]): { channels: number; height: number; width: number; last: boolean } | null {
  const [a = 0, b = 0, c = 0] = shape;
  if (shape.length === 2) return { channels: 1, height: a, width: b, last: false };
  if (shape.length !== 3) return null;
  if (a === 1 || a === 3) return { channels: a, height: b, width: c, last: false };
  if (c === 1 || c === 3) return { channels: c, height: a, width: b, last: true };
  return null;
}
