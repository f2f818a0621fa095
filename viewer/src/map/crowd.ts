// A large study as arrays of numbers, model by model in study order: a frame of a zoom, or a move of a filter's brush, is a few
// passes over them. What changes seldom is worked out once: which models links join, where all stand in the whole map, their looks.

import type { ModelRecord } from "../bundle/types.gen.ts";
import type { Transform } from "./camera.ts";
import type { Frame } from "./frame.ts";
import type { NameLabel } from "./labels.ts";
import type { Link } from "./places.ts";
import { COURSE, LOOK, NONE, type Picture } from "./paint.ts";
import type { ColourScale, SizeScale } from "./scales.ts";

export interface Crowd {
  readonly ids: readonly string[];
  /** Where each model is in `ids`. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** Places of both ends of each link. */
  readonly parents: Uint32Array;
  readonly children: Uint32Array;
  readonly links: readonly Link[];
}

/** Where the models stand when the whole map is in view, and where links turn. */
export interface Standing {
  readonly xs: Float32Array;
  readonly ys: Float32Array;
  readonly turns: Float32Array;
}

export interface Looks {
  /** Where marks have all the room they need. */
  readonly radii: Float32Array;
  /** Numbers of colours, or NONE. */
  readonly colours: Uint16Array;
  /** CSS colours by number. */
  readonly palette: readonly string[];
  readonly looks: Uint8Array;
}

/** A ring around a model: its colour's number, whether it is the base's, and the number of the colour of the model's name if that has one. */
export interface Ring {
  readonly colour: number;
  readonly dashed: boolean;
  readonly name: number | null;
}

export interface View {
  readonly at: Transform;
  readonly width: number;
  readonly height: number;
  /** The radius at which one is drawn now. */
  readonly drawn: (radius: number) => number;
  /** Half the width of a ribbon that begins or ends at a mark. */
  readonly half: (radius: number) => number;
  /** 1 for each model that the filters leave. */
  readonly passing: Uint8Array;
  /** By place in the crowd. */
  readonly rings: ReadonlyMap<number, Ring>;
  /** Number of the colour of links to models that have none. */
  readonly plain: number;
}

/** Of links that lead to what the filters leave, of those to further parents, and of the others. */
const OPACITY = { first: 0.4, further: 0.28, hidden: 0.07 };
/** Pixels beyond the edge at which a mark can still be seen, and how far a ribbon may swing out. */
const BEYOND = 20;

export function crowdOf(models: readonly ModelRecord[], links: readonly Link[]): Crowd {
  const ids = models.map(({ id }) => id);
  const placeOf = new Map(ids.map((id, place) => [id, place]));
  const joined = links.filter(({ parent, child }) => placeOf.has(parent) && placeOf.has(child));
  return {
    ids,
    placeOf,
    links: joined,
    parents: Uint32Array.from(joined, ({ parent }) => placeOf.get(parent)!),
    children: Uint32Array.from(joined, ({ child }) => placeOf.get(child)!),
  };
}

export function standingOf({ ids, links }: Crowd, frame: Frame): Standing {
  return {
    xs: Float32Array.from(ids, (id) => frame.points.get(id)?.x ?? NaN),
    ys: Float32Array.from(ids, (id) => frame.points.get(id)?.y ?? NaN),
    turns: Float32Array.from(links, ({ turn }) => frame.xAt(turn)),
  };
}

/** @param more colours that are wanted besides those of models; their numbers are the first ones */
export function looksOf(models: readonly ModelRecord[], scale: ColourScale, sizes: SizeScale, anySize: boolean, more: readonly string[]): Looks {
  const palette = [...more];
  const numbers = new Map<string, number>();
  const numberOf = (colour: string | null): number => {
    if (colour === null) return NONE;
    const known = numbers.get(colour);
    if (known !== undefined) return known;
    numbers.set(colour, palette.length);
    return palette.push(colour) - 1;
  };
  return {
    radii: Float32Array.from(models, ({ id }) => sizes.of(id)),
    colours: Uint16Array.from(models, ({ id }) => numberOf(scale.of(id))),
    palette,
    looks: Uint8Array.from(models, ({ id, failure }) => (!anySize || sizes.has(id) ? LOOK.sized : 0) | (failure !== null ? LOOK.failed : 0)),
  };
}

/** The ribbons that come near what is in view. */
export function ribbonsOf({ links, parents, children }: Crowd, standing: Standing, looks: Looks, view: View): Picture["ribbons"] {
  const { kx, ky, x, y } = view.at;
  const courses = new Float32Array(COURSE * links.length);
  const colours = new Uint16Array(2 * links.length);
  const opacities = new Float32Array(links.length);
  let count = 0;
  for (let link = 0; link < links.length; link += 1) {
    const [parent, child] = [parents[link]!, children[link]!];
    const [fromX, toX] = [standing.xs[parent]! * kx + x, standing.xs[child]! * kx + x];
    const [fromY, toY] = [standing.ys[parent]! * ky + y, standing.ys[child]! * ky + y];
    if (!reaches(fromX, toX, view.width) || !reaches(fromY, toY, view.height)) continue;
    const at = COURSE * count;
    courses[at] = fromX;
    courses[at + 1] = fromY;
    courses[at + 2] = toX;
    courses[at + 3] = toY;
    courses[at + 4] = standing.turns[link]! * kx + x;
    courses[at + 5] = view.half(looks.radii[parent]!);
    courses[at + 6] = view.half(looks.radii[child]!);
    colours[2 * count] = looks.colours[parent] === NONE ? view.plain : looks.colours[parent]!;
    colours[2 * count + 1] = looks.colours[child] === NONE ? view.plain : looks.colours[child]!;
    opacities[count] = view.passing[child] ? (links[link]!.order > 0 ? OPACITY.further : OPACITY.first) : OPACITY.hidden;
    count += 1;
  }
  return { courses: courses.slice(0, COURSE * count), colours: colours.slice(0, 2 * count), opacities: opacities.slice(0, count) };
}

/** The marks that are in view. */
export function marksOf({ ids }: Crowd, standing: Standing, looks: Looks, view: View): Picture["marks"] {
  const { kx, ky, x, y } = view.at;
  const places = new Float32Array(3 * ids.length);
  const colours = new Uint16Array(ids.length);
  const rings = new Uint16Array(ids.length);
  const seen = new Uint8Array(ids.length);
  let count = 0;
  for (let model = 0; model < ids.length; model += 1) {
    const [markX, markY] = [standing.xs[model]! * kx + x, standing.ys[model]! * ky + y];
    if (!reaches(markX, markX, view.width) || !reaches(markY, markY, view.height)) continue;
    places[3 * count] = markX;
    places[3 * count + 1] = markY;
    places[3 * count + 2] = view.drawn(looks.radii[model]!);
    colours[count] = looks.colours[model]!;
    seen[count] = looks.looks[model]! | (view.passing[model] ? 0 : LOOK.faint);
    const ring = view.rings.get(model);
    if (ring) {
      rings[count] = ring.colour;
      seen[count]! |= LOOK.ringed | (ring.dashed ? LOOK.dashed : 0);
    }
    count += 1;
  }
  return { places: places.slice(0, 3 * count), colours: colours.slice(0, count), rings: rings.slice(0, count), looks: seen.slice(0, count) };
}

/**
 * The names that have room.
 * @param ink number of the colour of names of models without a ring
 */
export function namesOf({ placeOf }: Crowd, labels: ReadonlyMap<string, NameLabel>, { passing, rings }: Pick<View, "passing" | "rings">, ink: number): Picture["names"] {
  const places = new Float32Array(2 * labels.size);
  const colours = new Uint16Array(labels.size);
  const faint = new Uint8Array(labels.size);
  const texts: string[] = [];
  for (const [id, { text, x, y }] of labels) {
    const index = texts.push(text) - 1;
    const model = placeOf.get(id) ?? -1;
    places[2 * index] = x;
    places[2 * index + 1] = y;
    colours[index] = rings.get(model)?.name ?? ink;
    faint[index] = passing[model] ? 0 : 1;
  }
  return { texts, places, colours, faint };
}

/** Whether a span comes near what is in view; not so for a model that stands nowhere. */
function reaches(a: number, b: number, size: number): boolean {
  return Math.max(a, b) > -BEYOND && Math.min(a, b) < size + BEYOND;
}
