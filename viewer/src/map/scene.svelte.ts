// What there is to draw, for a study in a panel of some size under a camera: each field follows from those before it.

import type { ModelRecord } from "../bundle/types.gen.ts";
import type { AppState } from "../state/app.svelte.ts";
import { spellValue, type Study } from "../study/study.ts";
import { held, transformOf, WHOLE, type Camera, type Stage, type Transform } from "./camera.ts";
import { shownModels, type Shown } from "./collapse.ts";
import { fits, fitsCut, frameOf, HEADINGS, rowHeightOf, type Frame } from "./frame.ts";
import { headingWidth } from "./headings.ts";
import type { Course, Point } from "./geometry.ts";
import { placeLabels, type NameLabel } from "./labels.ts";
import { lanesOf, noLanes, type Lanes } from "./lanes.ts";
import { layoutOf } from "./layout.ts";
import type { Layout, Link } from "./places.ts";
import { colourScale, sizeScale, type ColourScale, type SizeScale } from "./scales.ts";
import { EM } from "../ui/em.ts";
import { fitText, MEASURED, type MeasureText } from "./text.ts";

/** The largest radius of a mark, where rows are wide enough apart. */
const MOST_RADIUS = 12;
/** A smaller mark has no colour to speak of. */
const LEAST_RADIUS = 1.7;
/** Ribbons are narrower than the marks they join. */
const RIBBON = 0.42;
/** Longer headings are cut where room is short; they are spelled out in full on hover. */
const LONG_HEADING = 76 * EM;
/** Names have this height where rows are wide enough apart, and are left out where rows are closer than the least. */
const LINE = { most: 12 * EM, least: 10 * EM };
/** So many models can have names above or below them where there is no room beside; among more these would be anybody's. */
const FEW = 80;
/** Of names, in pixels: more is in the tooltip. */
const LONGEST = 260 * EM;

/** Width of "+12", how many models a collapsed one stands for. */
export function pillWidth(count: number): number {
  return 9 + 6.2 * (String(count).length + 1);
}

export class MapScene {
  readonly #app: AppState;
  readonly #measure: MeasureText;
  readonly #dark: () => boolean;

  /** The size of the drawing in pixels, headings included. */
  width: number = $state(0);
  height: number = $state(0);
  /** What the reader looks at; kept on this page only. */
  #camera: Camera = $state.raw(WHOLE);

  /** Height of what is below the headings. */
  readonly #room: number = $derived(Math.max(1, this.height - HEADINGS));

  /** Parts of the study one by one: they stay when its timings arrive, and so does the layout. */
  readonly #all: readonly ModelRecord[] = $derived.by(() => this.#app.study.models);
  readonly #roots: readonly string[] = $derived.by(() => this.#app.study.roots);
  readonly #childrenOf: Study["childrenOf"] = $derived.by(() => this.#app.study.childrenOf);

  readonly shown: Shown = $derived.by(() =>
    shownModels({ models: this.#all, roots: this.#roots, childrenOf: this.#childrenOf }, this.#app.parts.collapsed),
  );
  readonly layout: Layout = $derived.by(() => layoutOf(this.#app.parts.arrangement, this.shown.models));
  /** The models drawn, in study order. */
  readonly models: readonly ModelRecord[] = $derived.by(() =>
    this.#all.filter(({ id }) => this.layout.places.has(id)),
  );
  /** Where rows are too close for names, columns have several lanes, if there is width for names in them. */
  readonly lanes: Lanes = $derived.by(() => {
    const rowHeight = rowHeightOf(this.layout, this.#room);
    const lanes = lanesOf(this.layout, rowHeight, LINE.least);
    const ids = new Map(this.models.map(({ id }) => [id, id]));
    return fitsCut(this.#widest(ids), lanes.counts, this.width) ? lanes : noLanes(this.layout, rowHeight);
  });
  /** Names: ids, or what stands for ids where not all of them fit. */
  readonly names: ReadonlyMap<string, string> = $derived.by(() => {
    const ids = new Map(this.models.map(({ id }) => [id, id]));
    if (this.layout.time || fits(this.#widest(ids), this.lanes.counts, this.width)) return ids;
    return new Map(this.models.map((model) => [model.id, this.#shortName(model)]));
  });
  readonly frame: Frame = $derived.by(() =>
    frameOf(this.layout, this.#widest(this.names), this.lanes, this.width, this.#room),
  );
  readonly stage: Stage = $derived({ width: this.frame.width, height: this.frame.height, most: this.frame.most });
  readonly camera: Camera = $derived(held(this.stage, this.#camera));
  /** From the frame to the drawing; the map begins below the headings. */
  readonly at: Transform = $derived.by(() => {
    const transform = transformOf(this.stage, this.camera);
    return { ...transform, y: transform.y + HEADINGS };
  });
  /** Where models are drawn. */
  readonly points: ReadonlyMap<string, Point> = $derived.by(() => {
    const { kx, ky, x, y } = this.at;
    return new Map([...this.frame.points].map(([id, point]) => [id, { x: point.x * kx + x, y: point.y * ky + y }]));
  });
  readonly rowHeight: number = $derived(this.frame.rowHeight * this.at.ky);
  /** Where lines along the columns are drawn; none through the axis of time. */
  readonly columnLines: readonly number[] = $derived.by(() => {
    const count = this.layout.time ? Math.max(0, this.layout.columns.length - 1) : this.layout.columns.length;
    return this.frame.columnX.slice(0, count).map((x) => x * this.at.kx + this.at.x);
  });
  /** What radii are multiplied by, so that marks of neighbouring rows stay apart, until they would be too small to see. */
  readonly #shrink: number = $derived(Math.max(0.28, Math.min(1, (this.rowHeight * 0.43) / MOST_RADIUS)));
  readonly colours: ColourScale = $derived.by(() => colourScale(this.#app.study, this.#app.colourMetric, this.#dark()));
  readonly sizes: SizeScale = $derived.by(() => sizeScale(this.#app.study, this.#app.sizeMetric, MOST_RADIUS));
  /** Height of a line of text. */
  readonly line: number = $derived(Math.max(LINE.least, Math.min(LINE.most, this.lanes.pitch * this.at.ky)));
  readonly fontSize: number = $derived(this.line - EM);
  readonly labels: ReadonlyMap<string, NameLabel> = $derived.by(() => {
    const placed = [...this.points].map(([id, point]) => ({ id, ...point, radius: this.reserved(id) }));
    const visible = placed.filter(({ x, y }) => x > -20 && x < this.width && y > HEADINGS - 4 && y < this.height + 4);
    const first = new Set([...this.#app.parts.selection, this.#app.base ?? "", ...this.#roots]);
    const wanted = [...visible.filter(({ id }) => first.has(id)), ...visible.filter(({ id }) => !first.has(id))];
    const named = wanted.map((mark) => ({ ...mark, text: this.names.get(mark.id) ?? mark.id, reach: this.#reachOf(mark.id, mark.x) }));
    const share = this.fontSize / MEASURED;
    const around = visible.length <= FEW ? { top: HEADINGS, bottom: this.height } : null;
    return placeLabels(named, visible, this.line, share === 1 ? this.#measure : (text) => this.#measure(text) * share, around);
  });
  readonly links: readonly { readonly link: Link; readonly course: Course }[] = $derived.by(() =>
    this.layout.links.flatMap((link) => {
      const course = this.courseOf(link);
      return course ? [{ link, course }] : [];
    }),
  );

  constructor(app: AppState, dark: () => boolean, measure: MeasureText) {
    this.#app = app;
    this.#dark = dark;
    this.#measure = measure;
  }

  look(camera: Camera): void {
    this.#camera = held(this.stage, camera);
  }

  radiusOf(id: string): number {
    return this.drawn(this.sizes.of(id));
  }

  /** The radius at which a value is drawn now. */
  radius(value: number): number {
    return this.drawn(this.sizes.radius(value));
  }

  /** The radius at which one of a scale is drawn now. */
  drawn(radius: number): number {
    return Math.max(LEAST_RADIUS, radius * this.#shrink);
  }

  /** Half the width of a ribbon where it joins a mark of a scale's radius. */
  halfOf(radius: number): number {
    return Math.max(0.4, this.drawn(radius) * RIBBON);
  }

  /** How much of the row, from a mark's middle on, it takes: with how many models are behind it. */
  reserved(id: string): number {
    const behind = this.shown.behind.get(id)?.length;
    return this.radiusOf(id) + (behind === undefined ? 0 : pillWidth(behind) + 3);
  }

  /** A name for a mark that has no room for one and gets one all the same. */
  cutName(id: string): string {
    return fitText(this.names.get(id) ?? id, LONGEST, this.#measure);
  }

  courseOf({ parent, child, turn }: Link): Course | null {
    const from = this.points.get(parent);
    const to = this.points.get(child);
    if (!from || !to) return null;
    const half = (id: string): number => this.halfOf(this.sizes.of(id));
    return { from, to, turnX: this.frame.xAt(turn) * this.at.kx + this.at.x, fromHalf: half(parent), toHalf: half(child) };
  }

  /** The model under a point of the drawing, its name included. */
  hit({ x, y }: Point): string | null {
    if (y < HEADINGS) return null;
    let nearest: { id: string; distance: number } | null = null;
    for (const [id, point] of this.points) {
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance <= Math.max(this.radiusOf(id) + 3, 7) && (!nearest || distance < nearest.distance)) nearest = { id, distance };
    }
    if (nearest) return nearest.id;
    for (const [id, label] of this.labels) {
      if (x >= label.x && x <= label.x + label.width && Math.abs(y - (label.y - this.line * 0.32)) <= this.line / 2) return id;
    }
    return null;
  }

  #columnOf(id: string): number {
    return Math.floor(this.layout.places.get(id)?.column ?? 0);
  }

  /** What made a model, where its column does not say it: the parameters' values, after the operation unless that heads the column. */
  #shortName(model: ModelRecord): string {
    if (model.parents.length === 0) return model.id;
    const values = Object.values(model.operation?.parameters ?? {}).map(short).join(", ");
    if (this.#app.parts.arrangement === "operation") return values || model.id;
    return [model.operation?.name ?? "", values].filter(Boolean).join(" ") || model.id;
  }

  /** The widest name of each column, or its heading. */
  #widest(names: ReadonlyMap<string, string>): number[] {
    const widths = this.layout.columns.map(({ label }) => Math.min(LONG_HEADING, headingWidth(label, this.#measure)));
    for (const [id, name] of names) {
      const column = this.#columnOf(id);
      widths[column] = Math.max(widths[column] ?? 0, this.#measure(name));
    }
    return widths;
  }

  /** How far a name may reach, unless something stands there: beyond its column's end, but not beyond the next. */
  #reachOf(id: string, x: number): number {
    const next = this.layout.time ? this.layout.span : this.#columnOf(id) + 2;
    const end = next >= this.layout.span ? this.width : this.frame.xAt(next) * this.at.kx + this.at.x;
    return Math.min(end - x, LONGEST) - 4;
  }
}

/** 0.6000000000000001 is 0.6 to everyone who reads a map. */
function short(value: unknown): string {
  return spellValue(typeof value === "number" ? Number(value.toPrecision(6)) : value);
}
