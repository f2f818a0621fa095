// Every atom of viewer state, each with a sentence. Views read fields and call methods; they never write fields.

import { loadJson, type Bundle } from "../bundle/load.ts";
import type { TimingChunk } from "../bundle/types.gen.ts";
import { createOnnx, type OnnxEngine } from "../engine/onnx.ts";
import { createPython, type PythonEngine } from "../engine/python.ts";
import type { EngineStatus } from "../engine/status.ts";
import { asFailure, type Failure } from "../failure.ts";
import { applyFilters, type Filter, type Filtered } from "../filter/filters.ts";
import { sharedStart } from "../study/sharedStart.ts";
import { lineageOf, metricNamed, primaryMetrics, withTimings, type Study } from "../study/study.ts";
import type { MetricRecord } from "../bundle/types.gen.ts";
import { orderAfter } from "../table/sort.ts";
import type { Arrangement } from "../map/layout.ts";
import { ExplanationState, type Wanted } from "./explanation.svelte.ts";
import { NO_HISTORY, record, redo, undo, withoutReturn, type History } from "./history.ts";
import { Marks } from "./marks.svelte.ts";
import { Parts } from "./parts.svelte.ts";
import { RunState } from "./run.svelte.ts";
import { selecting } from "./selecting.ts";
import { defaultView, hashToView, refinedBy, viewToHash, wordsOfChange, type SidePanel, type View } from "./view.ts";

export type Theme = "system" | "light" | "dark";

/** As many as stay tellable apart by colour; further models of a selection share the last one. */
export const SELECTION_COLOURS = 8;

export class AppState {
  /** The files of this site and the engines that run on them. */
  readonly bundle: Bundle;
  readonly python: PythonEngine;
  readonly onnx: OnnxEngine;
  /** The study; replaced once, when the timings arrive. */
  study: Study = $state.raw()!;
  /** What a link restores. */
  view: View = $state.raw()!;
  /** The same, part by part: what is drawn often reads these. */
  readonly parts = new Parts();
  /** The model under the pointer or the keyboard's focus, shown everywhere at once. */
  hovered: string | null = $state(null);
  /** Whether that is over the scatterplot, which then says what is known of the model; the map says it otherwise. */
  hoveredInPlot: boolean = $state(false);
  /** Light or dark; kept on this device, not in links. */
  theme: Theme = $state("system");
  /** Whether the choices that narrow a comparison down are looked at. */
  refining: boolean = $state(false);
  /** A part of the site that could not be loaded although the page works without it. */
  notice: Failure | null = $state.raw(null);
  /** What each engine is doing. */
  pythonStatus: EngineStatus = $state.raw({ state: "idle" });
  onnxStatus: EngineStatus = $state.raw({ state: "idle" });
  /** What differs among the selected models. */
  readonly explanation: ExplanationState;
  /** Running models in the page. */
  readonly run: RunState;

  readonly #initial: View;
  /** Hover, selection and filters of each model. */
  readonly #marks: Marks;
  /** Views to go back to and forward to. */
  #history: History<View> = $state.raw(NO_HISTORY);

  /** The view as an address spells it. */
  readonly hash: string = $derived.by(() => viewToHash(this.view, this.#initial));
  /** What undo and redo would change, in words; null when there is nothing. */
  readonly undoes: string | null = $derived(this.#history.past.length > 0 ? wordsOfChange(this.#history.past.at(-1)!, this.view) : null);
  readonly redoes: string | null = $derived(this.#history.future.length > 0 ? wordsOfChange(this.view, this.#history.future.at(-1)!) : null);
  /** The model others are compared with: the one chosen, else the root of the first selected. */
  readonly base: string | null = $derived.by(() => {
    const { base } = this.parts;
    if (base !== null) return base;
    const first = this.parts.selection[0];
    return first === undefined ? null : (lineageOf(this.study, first)[0]?.id ?? null);
  });
  readonly #markedBase: string | null = $derived(this.parts.selection.length > 0 ? this.base : null);
  /** Base first, then the selected models. */
  readonly compared: readonly string[] = $derived.by(() => {
    const { base } = this;
    return base === null ? this.parts.selection : [base, ...this.parts.selection.filter((id) => id !== base)];
  });
  /** What the filters leave; the others are faint and cannot be newly selected. */
  readonly filtered: Filtered = $derived(applyFilters(this.study, this.parts.filters));
  readonly selected: ReadonlySet<string> = $derived(new Set(this.parts.selection));
  /** Signs at the beginning of all selected models' names, which need not be repeated where these stand together. */
  readonly sharedStart: number = $derived.by(() => sharedStart(this.parts.selection));
  readonly colourMetric: MetricRecord | null = $derived(metricNamed(this.study, this.parts.colour));
  /** The scatterplot's metrics; null only where the study has none. */
  readonly plotMetrics: { readonly x: MetricRecord | null; readonly y: MetricRecord | null } = $derived({
    x: metricNamed(this.study, this.parts.plotX),
    y: metricNamed(this.study, this.parts.plotY),
  });
  /** The metrics that selection details chart. */
  readonly chartedMetrics: readonly MetricRecord[] = $derived.by(() => {
    const names = this.parts.charted;
    return names ? this.study.metrics.filter(({ name }) => names.includes(name)) : primaryMetrics(this.study);
  });
  readonly sizeMetric: MetricRecord | null = $derived(metricNamed(this.study, this.parts.size));

  constructor(bundle: Bundle, study: Study, hash: string) {
    this.bundle = bundle;
    this.study = study;
    this.#initial = defaultView(study);
    this.view = hashToView(hash, this.#initial, study);
    this.parts.show(this.view);
    this.#marks = new Marks(study.models.map(({ id }) => id));
    this.#mark();
    this.theme = readTheme();
    this.python = createPython(bundle);
    this.onnx = createOnnx(bundle);
    this.python.status.subscribe((status) => (this.pythonStatus = status));
    this.onnx.status.subscribe((status) => (this.onnxStatus = status));
    this.explanation = new ExplanationState(bundle, this.python, study.manifest.answers);
    this.run = new RunState(this);
    this.explain();
  }

  /** Timings lie in a chunk of their own and come after the first picture. */
  async loadTiming(): Promise<void> {
    try {
      const timing = await loadJson<TimingChunk>(this.bundle, this.study.manifest.timing);
      this.notice = null;
      this.study = withTimings(this.study, timing);
      this.#mark();
    } catch (error) {
      this.notice = asFailure(error, this.study.manifest.timing);
    }
  }

  dismissNotice(): void {
    this.notice = null;
  }

  /** Shows what a hash says, as after the reader edited the address. */
  restore(hash: string): void {
    if (hash.replace(/^#/, "") === this.hash) return;
    this.#show(hashToView(hash, this.#initial, this.study));
  }

  /** Selects one model, or adds it to the selection or takes it out. */
  select(id: string, toggle = false): void {
    const { selection } = this.view;
    const only = selection.length === 1 && selection[0] === id;
    if (!toggle) this.selectAll(only ? [] : [id]);
    else this.selectAll(selection.includes(id) ? selection.filter((other) => other !== id) : [...selection, id]);
  }

  /** The address of this view with only this model selected. */
  addressOf(id: string): string {
    return `#${viewToHash({ ...this.view, selection: [id], refined: {} }, this.#initial)}`;
  }

  /** Replaces the selection, or adds to it. What filters hide is not newly selected. */
  selectAll(ids: readonly string[], add = false): void {
    const selection = selecting(ids, this.view.selection, this.filtered.passing, add);
    if (selection !== this.view.selection) this.#show({ ...this.view, selection, refined: {} });
  }

  /** Chooses the model others are compared with; null returns to the root. */
  setBase(id: string | null): void {
    this.#show({ ...this.view, base: id });
  }

  /** @param gesture the same object for changes that are undone together */
  setFilters(filters: readonly Filter[], gesture: object | null = null): void {
    this.#show({ ...this.view, filters }, gesture);
  }

  encode(channel: "colour" | "size", metric: string | null): void {
    this.#show({ ...this.view, [channel]: metric });
  }

  /** Chooses what the columns of the map are. */
  arrange(arrangement: Arrangement): void {
    this.#show({ ...this.view, arrangement });
  }

  /** Gives the map the whole window, or its place beside the table again. */
  enlarge(enlarged: boolean): void {
    this.#show({ ...this.view, enlarged });
  }

  /** Lets models stand for everything below them on the map, or shows it again. */
  collapse(ids: readonly string[], collapsed: boolean): void {
    const others = this.view.collapsed.filter((id) => !ids.includes(id));
    this.#show({ ...this.view, collapsed: collapsed ? [...others, ...ids.filter((id) => this.study.childrenOf.has(id))] : others });
  }

  /** Shows the table or the scatterplot beside the map. */
  showPanel(panel: SidePanel): void {
    this.#show({ ...this.view, panel });
  }

  /** Puts a metric on an axis of the scatterplot; the axis is linear again, since a log scale was chosen for another metric. */
  setAxis(axis: "x" | "y", metric: string): void {
    this.#show({ ...this.view, ...(axis === "x" ? { plotX: metric, logX: false } : { plotY: metric, logY: false }) });
  }

  toggleLog(axis: "x" | "y"): void {
    const { logX, logY } = this.view;
    this.#show({ ...this.view, ...(axis === "x" ? { logX: !logX } : { logY: !logY }) });
  }

  /** Asks what differs among the selected models, as far as that is not known yet. */
  explain(wanted: Wanted = { refinement: this.refining, edits: false }): void {
    this.explanation.ask(this.study, this.view.selection, this.view.refined, this.base, wanted);
  }

  /** Keeps a variable's value in the comparison, or drops it; a variable of which no value is kept keeps all. */
  refine(label: string, place: number): void {
    this.#show({ ...this.view, refined: refinedBy(this.view.refined, label, place) });
  }

  /** Shows the choices that narrow a comparison down, or puts them away. */
  openRefinement(open: boolean): void {
    const { answer } = this.explanation;
    this.refining = open;
    if (open && answer.state === "answered" && answer.refinement === null) this.explain();
  }

  /** Compares all selected models again. */
  unrefine(): void {
    this.#show({ ...this.view, refined: {} });
  }

  /** Charts these metrics of the selected models. */
  chartMetrics(names: readonly string[] | null): void {
    this.#show({ ...this.view, charted: names });
  }

  /** Sorts the table; the same key again turns the order round, and a third time undoes it. */
  sortBy(key: string): void {
    this.#show({ ...this.view, ...orderAfter(this.study, this.view, key) });
  }

  pickInstance(index: number | null): void {
    this.#show({ ...this.view, instance: index });
  }

  pickActivation(tensor: string | null): void {
    this.#show({ ...this.view, activation: tensor });
  }

  hover(id: string | null, inPlot = false): void {
    this.hovered = id;
    this.hoveredInPlot = inPlot;
    this.#marks.hover(id);
  }

  /** Whether the model is hovered: redraws what reads it for the models concerned only, as do those below. */
  isHovered(id: string): boolean {
    return this.#marks.of(id).hovered;
  }

  isSelected(id: string): boolean {
    return this.#marks.of(id).place >= 0;
  }

  /** Whether the model is the base of a comparison. */
  isBase(id: string): boolean {
    return this.#markedBase === id;
  }

  /** Whether the filters leave the model. */
  passes(id: string): boolean {
    return this.#marks.of(id).passes;
  }

  undo(): void {
    this.#go(undo(this.#history, this.view));
  }

  redo(): void {
    this.#go(redo(this.#history, this.view));
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // Some browsers refuse storage on file://; the choice then lasts as long as the page.
    }
  }

  /** The colour variable of a selected model or the base; the same in every panel. */
  colourOf(id: string): string {
    const { place } = this.#marks.of(id);
    return place < 0 ? "var(--base)" : `var(--series-${Math.min(place, SELECTION_COLOURS - 1)})`;
  }

  /** Shows a view the reader asked for, to be undone by one step; one that looks the same changes nothing. */
  #show(view: View, gesture: object | null = null): void {
    const before = this.view;
    const address = (shown: View): string => viewToHash(shown, this.#initial);
    if (address(view) === this.hash) return;
    this.#history = withoutReturn(record(this.#history, before, gesture), view, (a, b) => address(a) === address(b));
    this.#turn(view);
  }

  #go(step: { readonly view: View; readonly history: History<View> } | null): void {
    if (!step) return;
    this.#history = step.history;
    this.#turn(step.view);
  }

  #turn(view: View): void {
    const before = this.view;
    this.view = view;
    this.parts.show(view);
    this.#mark();
    const asked = (["selection", "refined", "base"] as const).some((part) => before[part] !== view[part]);
    if (asked) this.explain();
    this.run.viewChanged();
  }

  #mark(): void {
    this.#marks.select(this.view.selection);
    this.#marks.filter(this.filtered.passing);
  }
}

const THEME_KEY = "cc-export theme";

function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system";
  }
}
