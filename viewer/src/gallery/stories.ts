// Every panel in every state: the gallery shows them, and tests/browser/gallery.test.mjs compares them with their snapshots.
// A new state is one more entry.
import type { ModelRecord } from "../bundle/types.gen.ts";
import { metric, model } from "../study/fixture.ts";
import type { Answered } from "../state/explanation.svelte.ts";
import { comparisonOf, type Grid } from "./comparisons.ts";

export type PanelName = "map" | "table" | "plot" | "details" | "differences" | "selection" | "filters";

export interface Story {
  /** Names the snapshot. */
  readonly name: string;
  readonly panel: PanelName;
  readonly models: readonly ModelRecord[];
  /** The view, as a link has it. */
  readonly hash?: string;
  /** A model under the pointer. */
  readonly hovered?: string;
  /** What the selected models differ in. */
  readonly answer?: Answered;
}

export const METRICS = [
  metric("Accuracy", { format: ".1%" }),
  metric("Size", { direction: "lower", unit: "B", format: ".3~s" }),
  metric("Gain", { direction: null, primary: false }),
];

const LONG = `a name that does not fit ${"and goes on ".repeat(20)}to the end`;

function several(count: number): ModelRecord[] {
  return Array.from({ length: count }, (_, place) =>
    model(`model-${place}`, place === 0 ? null : `model-${Math.floor((place - 1) / 3)}`, {
      Accuracy: 0.9 - 0.8 * (place / count),
      Size: 1e6 / (1 + place),
      Gain: place % 5,
    }),
  );
}

const MANY = several(24);
const STUDIES: Readonly<Record<string, readonly ModelRecord[]>> = {
  one: several(1),
  many: MANY,
  crowd: several(300),
  missing: MANY.slice(0, 8).map((record, place) => (place % 3 === 1 ? { ...record, metrics: {} } : record)),
  "not a number": MANY.slice(0, 4).map((record, place) => ({ ...record, metrics: { Accuracy: place % 2 ? "NaN" : 0.5, Size: "Infinity", Gain: -1 } })),
  equal: MANY.slice(0, 5).map((record) => ({ ...record, metrics: { Accuracy: 0.5, Size: 100, Gain: 0 } })),
  failed: MANY.slice(0, 3).map((record, place) => (place === 1 ? { ...record, metrics: {}, failure: "The file ends in the middle of a tensor." } : record)),
  "long names": [model(LONG, null, { Accuracy: 0.9, Size: 10, Gain: 1 }), model(`${LONG} 2`, LONG, { Accuracy: 0.8, Size: 5, Gain: 1 })],
};

const SELECTED = "#model=model-1&model=model-3&model=model-4";

const AMOUNTS = [0.5, 0.75, 0.9];
const TRAINED = [false, true];
/** Comparisons of several models: grouped bars, and the choices that narrow them down. */
const COMPARISONS: Readonly<Record<string, Grid>> = {
  "one variable": { amounts: AMOUNTS },
  "two variables": { amounts: AMOUNTS, trained: TRAINED },
  facets: { amounts: AMOUNTS, trained: TRAINED, bits: [4, 8] },
  repeats: { amounts: AMOUNTS, trained: TRAINED, repeats: 3 },
  missing: { amounts: AMOUNTS, trained: TRAINED, without: [1, 4], metrics: (place) => (place % 3 === 2 ? {} : { Accuracy: place % 4 ? 0.1 * place : "NaN", Size: 10 }) },
  "below zero": { amounts: AMOUNTS, trained: TRAINED, metrics: (place) => ({ Accuracy: 0.3 - 0.2 * place, Size: 0, Gain: -place }) },
  equal: { amounts: AMOUNTS, trained: TRAINED, metrics: () => ({ Accuracy: 0.5, Size: 100 }) },
  "long names": { amounts: AMOUNTS, trained: TRAINED, name: LONG },
  "too many bars": { amounts: Array.from({ length: 90 }, (_, place) => place / 100), trained: TRAINED },
  refined: { amounts: AMOUNTS, trained: TRAINED, bits: [4, 8], chosen: { "prune · amount": [0, 2] } },
  "refined to one": { amounts: AMOUNTS, trained: TRAINED, chosen: { "prune · amount": [1], train: [1] } },
  "refined, with dead ends": { amounts: AMOUNTS, trained: TRAINED, without: [1, 3], chosen: { train: [1] } },
  "refined, long names": { amounts: AMOUNTS, trained: TRAINED, name: LONG, chosen: { train: [0] } },
};
const PAIR = comparisonOf({ amounts: [0.5, 0.9] });

export const STORIES: readonly Story[] = [
  ...(["map", "table", "plot"] as const).flatMap((panel) => [
    ...Object.entries(STUDIES).map(([state, models]): Story => ({ name: `${panel}, ${state}`, panel, models })),
    { name: `${panel}, selected`, panel, models: MANY, hash: SELECTED },
    { name: `${panel}, hovered`, panel, models: MANY, hovered: "model-2" },
    { name: `${panel}, filtered to none`, panel, models: MANY, hash: `#filter=${encodeURIComponent('["metric","Accuracy",2,null]')}` },
  ]),
  { name: "map, by step", panel: "map", models: MANY, hash: "#arrangement=step" },
  { name: "map, collapsed", panel: "map", models: MANY, hash: "#collapsed=model-1" },
  { name: "map, no colour and size", panel: "map", models: MANY, hash: "#colour=&size=" },
  { name: "table, sorted", panel: "table", models: MANY, hash: "#sort=Size" },
  { name: "plot, logarithmic", panel: "plot", models: MANY, hash: "#logX=1&plotX=Size&plotY=Accuracy" },
  { name: "plot, no direction", panel: "plot", models: MANY, hash: "#plotX=Gain" },
  { name: "details, empty", panel: "details", models: MANY },
  { name: "details, one", panel: "details", models: MANY, hash: "#model=model-5" },
  { name: "details, of hidden relatives", panel: "details", models: MANY, hash: `#model=model-5&filter=${encodeURIComponent('["metric","Accuracy",null,0.8]')}` },
  { name: "details, long names", panel: "details", models: STUDIES["long names"]!, hash: `#model=${encodeURIComponent(LONG)}` },
  { name: "details, failed", panel: "details", models: STUDIES["failed"]!, hash: "#model=model-1" },
  ...Object.entries(COMPARISONS).map(([state, grid]): Story => ({ name: `differences, ${state}`, panel: "differences", ...comparisonOf(grid) })),
  { name: "differences, hovered", panel: "differences", ...comparisonOf({ amounts: AMOUNTS, trained: TRAINED }), hovered: "model 0.75 true" },
  { name: "differences, two models", panel: "differences", ...PAIR },
  {
    name: "differences, two models step by step",
    panel: "differences",
    ...PAIR,
    answer: {
      ...PAIR.answer,
      edits: [
        { kind: "same", operation: "train", before: { epochs: 90 }, after: { epochs: 90 } },
        { kind: "changed", operation: "prune", before: { amount: 0.5 }, after: { amount: 0.9 } },
        { kind: "removed", operation: "calibrate", before: {}, after: null },
        { kind: "added", operation: "quantize", before: null, after: { bits: 8 } },
      ],
    },
  },
  { name: "differences, that cannot be drawn", panel: "differences", ...PAIR, answer: { ...PAIR.answer, charted: { ...PAIR.answer.charted, chart: null as never } } },
  { name: "selection, empty", panel: "selection", models: MANY },
  { name: "selection, many", panel: "selection", models: MANY, hash: SELECTED },
  { name: "selection, long names", panel: "selection", models: STUDIES["long names"]!, hash: `#model=${encodeURIComponent(LONG)}` },
  { name: "filters, empty", panel: "filters", models: MANY },
  { name: "filters, many", panel: "filters", models: MANY, hash: `#filter=${encodeURIComponent('["metric","Accuracy",0.5,null]')}&filter=${encodeURIComponent('["value","operation","\\"prune\\""]')}` },
  { name: "filters, missing", panel: "filters", models: STUDIES["missing"]!, hash: `#filter=${encodeURIComponent('["metric","Accuracy",0.5,null]')}` },
];
