// The view: everything a link must restore, as plain JSON, and its spelling in the URL's hash.

import { filterKey, readFilter, writeFilter, type Filter } from "../filter/filters.ts";
import { hasTimes } from "../map/collapse.ts";
import type { Arrangement } from "../map/layout.ts";
import type { Study } from "../study/study.ts";
import { ACCURACY, SIZE } from "../study/wellKnown.ts";

export type SidePanel = "table" | "plot";

/** Values to keep, as places in a variable's values, by the variable's label. */
export type Refined = Readonly<Record<string, readonly number[]>>;

export interface View {
  /** Ids of the selected models, in the order they were selected. */
  readonly selection: readonly string[];
  /** The model others are compared with; null: the root of the first selected model. */
  readonly base: string | null;
  /** Names of the metrics shown as colour and as size on the map. */
  readonly colour: string | null;
  readonly size: string | null;
  /** What the columns of the map are. */
  readonly arrangement: Arrangement;
  /** Whether the map has the whole width and height of the window. */
  readonly enlarged: boolean;
  /** Ids of models that stand for everything below them on the map. */
  readonly collapsed: readonly string[];
  /** What a model must pass to be more than faint and to be selected. */
  readonly filters: readonly Filter[];
  /** What stands beside the map. */
  readonly panel: SidePanel;
  /** Names of the scatterplot's metrics, and whether their axes are logarithmic; null only where the study has no metrics. */
  readonly plotX: string | null;
  readonly plotY: string | null;
  readonly logX: boolean;
  readonly logY: boolean;
  /** What the table is sorted by: a metric's name, "model", "operation", or null for study order. */
  readonly sort: string | null;
  readonly descending: boolean;
  /** To what the comparison of the selected models is narrowed down. */
  readonly refined: Refined;
  /** Names of the metrics that selection details chart; null: the primary ones. */
  readonly charted: readonly string[] | null;
  /** Index of the evaluation instance that models run on in the page. */
  readonly instance: number | null;
  /** Name of the tensor whose activations are shown. */
  readonly activation: string | null;
}

/** What a first-time reader sees: accuracy as colour and size as size where the study has them. */
export function defaultView(study: Study): View {
  const names = study.metrics.map((metric) => metric.name);
  const primary = study.metrics.filter((metric) => metric.primary).map((metric) => metric.name);
  const quality = study.metrics.find((metric) => metric.primary && metric.direction === "higher")?.name;
  const preferred = [...primary, ...names];
  const colour = names.includes(ACCURACY) ? ACCURACY : (quality ?? preferred[0] ?? null);
  const size =
    [SIZE, "Model Size", ...preferred].find((name) => names.includes(name) && name !== colour) ?? null;
  return {
    selection: [],
    base: null,
    colour,
    size,
    arrangement: "operation",
    enlarged: false,
    collapsed: [],
    filters: [],
    panel: "table",
    ...defaultAxes(study),
    logX: false,
    logY: false,
    sort: null,
    descending: false,
    refined: {},
    charted: null,
    instance: null,
    activation: null,
  };
}

/** What a model costs against how good it is: size and accuracy, or the first metrics that say so. */
function defaultAxes(study: Study): Pick<View, "plotX" | "plotY"> {
  const metrics = [...study.metrics].sort((a, b) => Number(b.primary) - Number(a.primary));
  const named = (...wanted: readonly string[]) => metrics.find((metric) => wanted.includes(metric.name));
  const y = named(ACCURACY) ?? metrics.find((metric) => metric.direction === "higher") ?? metrics[0];
  const others = metrics.filter((metric) => metric !== y);
  const cost = named(SIZE, "Model Size");
  const x = (cost !== y && cost) || others.find((metric) => metric.direction === "lower") || others[0] || y;
  return { plotX: x?.name ?? null, plotY: y?.name ?? null };
}

/** The hash of a view: only what differs from the default, so that links stay short. */
export function viewToHash(view: View, initial: View): string {
  const parts = new URLSearchParams();
  for (const id of view.selection) parts.append("model", id);
  for (const id of view.collapsed) parts.append("collapsed", id);
  for (const filter of view.filters) parts.append("filter", writeFilter(filter));
  for (const key of ["base", "colour", "size", "arrangement", "panel", "plotX", "plotY", "sort", "activation"] as const) {
    if (view[key] !== initial[key]) parts.set(key, view[key] ?? "");
  }
  for (const key of ["logX", "logY", "descending", "enlarged"] as const) if (view[key]) parts.set(key, "1");
  for (const [label, places] of Object.entries(view.refined)) parts.append("refine", JSON.stringify([label, ...places]));
  if (view.charted !== null) parts.set("charted", JSON.stringify(view.charted));
  if (view.instance !== null) parts.set("instance", String(view.instance));
  return parts.toString();
}

/** With one value of a variable kept, or dropped where it was; labels may be names that every object inherits. */
export function refinedBy(refined: Refined, label: string, place: number): Refined {
  const kept = Object.hasOwn(refined, label) ? (refined[label] ?? []) : [];
  const places = kept.includes(place) ? kept.filter((other) => other !== place) : [...kept, place].sort((a, b) => a - b);
  const others = Object.entries(refined).filter(([other]) => other !== label);
  return Object.fromEntries(places.length > 0 ? [...others, [label, places]] : others);
}

/** What each part of a view is called in words. */
const WORDS: Readonly<Record<keyof View, string>> = {
  selection: "selection",
  base: "base",
  colour: "colour",
  size: "size",
  arrangement: "arrangement",
  enlarged: "size of the map",
  collapsed: "what is collapsed",
  filters: "filters",
  panel: "table or scatterplot",
  plotX: "axes",
  plotY: "axes",
  logX: "axes",
  logY: "axes",
  sort: "order",
  descending: "order",
  refined: "refinement",
  charted: "charted metrics",
  instance: "instance",
  activation: "activation",
};

/** What differs between two views: "selection and filters". */
export function wordsOfChange(before: View, after: View): string {
  const keys = (Object.keys(WORDS) as (keyof View)[]).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  return [...new Set(keys.map((key) => WORDS[key]))].join(" and ");
}

/** The view of a hash. What the study does not know (an old link, a typing error) is left out. */
export function hashToView(hash: string, initial: View, study: Study): View {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const selection = [...new Set(parts.getAll("model"))].filter((id) => study.byId.has(id));
  const base = parts.get("base");
  const metric = (key: "colour" | "size" | "plotX" | "plotY"): string | null => {
    const name = parts.get(key);
    if (name === null) return initial[key];
    return study.metrics.some((known) => known.name === name) ? name : null;
  };
  // An axis is never without a metric.
  const axis = (key: "plotX" | "plotY"): string | null => (parts.has(key) ? metric(key) : null) ?? initial[key];
  const instance = Number.parseInt(parts.get("instance") ?? "", 10);
  const count = study.manifest.dataset?.instances ?? 0;
  return {
    selection,
    base: base !== null && study.byId.has(base) ? base : null,
    colour: metric("colour"),
    size: metric("size"),
    arrangement: arrangementNamed(parts.get("arrangement"), study) ?? initial.arrangement,
    enlarged: parts.get("enlarged") === "1",
    collapsed: [...new Set(parts.getAll("collapsed"))].filter((id) => study.childrenOf.has(id)),
    filters: readFilters(parts.getAll("filter"), study),
    panel: parts.get("panel") === "plot" ? "plot" : "table",
    plotX: axis("plotX"),
    plotY: axis("plotY"),
    logX: parts.get("logX") === "1",
    logY: parts.get("logY") === "1",
    sort: ["model", "operation", ...study.metrics.map(({ name }) => name)].find((key) => key === parts.get("sort")) ?? null,
    descending: parts.get("descending") === "1",
    refined: Object.fromEntries(parts.getAll("refine").flatMap(readRefined)),
    charted: readCharted(parts.get("charted"), study),
    instance: instance >= 0 && instance < count ? instance : null,
    activation: parts.get("activation") || null,
  };
}

function arrangementNamed(name: string | null, study: Study): Arrangement | null {
  return arrangementsOf(study).find((known) => known === name) ?? null;
}

/** The arrangements that a study can be shown in: by time only when it says when its models were made. */
export function arrangementsOf(study: Study): readonly Arrangement[] {
  return hasTimes(study) ? ["operation", "step", "time"] : ["operation", "step"];
}

/** One filter for each metric or field, the last that the link has. */
function readFilters(texts: readonly string[], study: Study): readonly Filter[] {
  const filters = texts.map((text) => readFilter(text, study)).filter((filter) => filter !== null);
  return [...new Map(filters.map((filter) => [filterKey(filter), filter])).values()];
}

function readRefined(text: string): readonly (readonly [string, readonly number[]])[] {
  const [label, ...places] = readArray(text) ?? [];
  if (typeof label !== "string" || places.length === 0) return [];
  return places.every((place) => Number.isInteger(place) && (place as number) >= 0) ? [[label, places as number[]]] : [];
}

function readCharted(text: string | null, study: Study): readonly string[] | null {
  const names = text === null ? null : readArray(text);
  return names && study.metrics.flatMap(({ name }) => (names.includes(name) ? [name] : []));
}

function readArray(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
