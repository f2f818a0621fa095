// The Model Map by time: models stand where they were made on an axis of time, each on a line that is free there.
//
// Models without a readable moment stand before the axis, in columns of their own, and are never guessed onto it.

import { depthFirst, forestOf, type LayoutModel } from "./forest.ts";
import type { Column, Layout, Link, Place } from "./places.ts";

export const UNDATED = "no date";

/** The axis is as wide as this many models side by side. */
const SLOTS = 40;
/** How many slots a name may take where models are few, and how many models are few. */
const NAME = 5;
const FEW = 80;
/** Links have come to their line after this many slots. */
const TURN = 1.5;

/** The moment that a study's text names: a date or a date and time as ISO 8601 writes it, UTC where it says no zone; else null. */
export function momentOf(text: string): number | null {
  const match = /^(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text.trim());
  if (!match) return null;
  const [, year, month, day = "01", time = "00:00", zone = "Z"] = match;
  const clock = time.length === 5 ? `${time}:00` : time;
  const moment = Date.parse(`${year}-${month}-${day}T${clock}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase()}`);
  // The 31st of February is no date, although some engines read it as the 3rd of March.
  return Number.isNaN(moment) || new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() !== Number(day) ? null : moment;
}

export function layoutByTime(models: readonly LayoutModel[]): Layout {
  const forest = forestOf(models);
  const moments = models.flatMap(({ created }) => (created === null ? [] : [created]));
  const [from, to] = [Math.min(...moments), Math.max(...moments)];
  const undated = undatedColumns(forest.order, forest.parentsOf);
  const first = undated.size === 0 ? 0 : Math.max(...undated.values()) + 2;
  const columnOf = new Map(
    models.map(({ id, created }) => {
      const share = created === null || to === from ? 0 : (created - from) / (to - from);
      return [id, undated.get(id) ?? first + share * SLOTS];
    }),
  );
  const column = (id: string): number => columnOf.get(id) ?? 0;
  const children = new Map(
    [...forest.childrenOf].map(([id, below]) => [id, [...below].sort((a, b) => column(a.id) - column(b.id))]),
  );
  const name = models.length <= FEW ? NAME : 1;
  const lines: [number, number][][] = [];
  const places = new Map<string, Place>();
  let family = 0;
  for (const root of forest.roots) {
    for (const { id } of depthFirst([root], children)) {
      const parent = forest.parentsOf.get(id)?.[0];
      const start = parent === undefined ? column(id) : column(parent) + (column(id) >= column(parent) + name ? name : 0.5);
      const reach: [number, number] = [Math.min(start, column(id)), Math.max(start, column(id) + name)];
      // A model without relatives stands wherever there is room.
      let row = parent === undefined ? (children.has(id) ? family : 0) : (places.get(parent)?.row ?? family);
      while (lines[row]?.some(([left, right]) => left < reach[1] && reach[0] < right)) row += 1;
      while (lines.length <= row) lines.push([]);
      lines[row]!.push(reach);
      places.set(id, { id, column: column(id), row });
    }
    family = lines.length;
  }
  const links: Link[] = forest.order.flatMap(({ id: child }) =>
    (forest.parentsOf.get(child) ?? []).map((parent, order) => {
      const end = column(child);
      return { parent, child, order, turn: order === 0 && end > column(parent) ? Math.min(end, column(parent) + TURN) : end };
    }),
  );
  return {
    columns: columnsUpTo(first),
    span: first + (moments.length > 0 ? SLOTS + 1 : 0),
    rows: lines.length,
    places: new Map(forest.order.flatMap(({ id }) => (places.has(id) ? [[id, places.get(id)!] as const] : []))),
    links,
    time: moments.length > 0 ? { first, from, to } : null,
  };
}

/** Only the first column of models without a date is headed; the last is the room before the axis. */
function columnsUpTo(first: number): Column[] {
  return Array.from({ length: first }, (_, index) => ({ label: index === 0 ? UNDATED : "" }));
}

/** Right of their parents among themselves. */
function undatedColumns(
  order: readonly LayoutModel[],
  parentsOf: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, number> {
  const columns = new Map<string, number>();
  for (const { id, created } of order) {
    if (created !== null) continue;
    columns.set(id, Math.max(-1, ...(parentsOf.get(id) ?? []).map((parent) => columns.get(parent) ?? -1)) + 1);
  }
  return columns;
}
