// Lanes of a column: where rows are closer than lines of text, neighbours stand side by side so that each has room for its name.

import type { Layout, Place } from "./places.ts";

export interface Lanes {
  /** How many lanes each column has; one where rows are wide enough apart. */
  readonly counts: readonly number[];
  /** Models that are not in the first lane of their column. */
  readonly laneOf: ReadonlyMap<string, number>;
  /** The least distance in pixels between models of one lane. */
  readonly pitch: number;
}

/** Further lanes would leave each too little width. */
const MOST = 3;
/** So many models have no room for names, in lanes or not. */
const CROWD = 200;

export function noLanes(layout: Layout, rowHeight: number): Lanes {
  return { counts: layout.columns.map(() => 1), laneOf: new Map(), pitch: rowHeight };
}

/** @param line height of a line of text in pixels, which models of one lane are apart if three lanes are enough for that */
export function lanesOf(layout: Layout, rowHeight: number, line: number): Lanes {
  const none = noLanes(layout, rowHeight);
  if (rowHeight >= line || layout.time || layout.places.size > CROWD) return none;
  const parents = new Set(layout.links.map(({ parent }) => parent));
  const columns = layout.columns.map((): Place[] => []);
  for (const place of layout.places.values()) columns[place.column]?.push(place);
  const laneOf = new Map<string, number>();
  let pitch = Infinity;
  const counts = columns.map((places) => {
    const lanes: number[][] = [];
    // Models with children first: their links begin in the first lane, as far as may be.
    const order = [...places].sort((a, b) => Number(parents.has(b.id)) - Number(parents.has(a.id)) || a.row - b.row);
    for (const { id, row } of order) {
      const room = (lane: number): number => Math.min(Infinity, ...(lanes[lane] ?? []).map((other) => Math.abs(other - row) * rowHeight));
      const rooms = Array.from({ length: MOST }, (_, lane) => room(lane));
      const enough = rooms.findIndex((each) => each >= line);
      const lane = enough >= 0 ? enough : rooms.indexOf(Math.max(...rooms));
      pitch = Math.min(pitch, rooms[lane]!);
      (lanes[lane] ??= []).push(row);
      if (lane > 0) laneOf.set(id, lane);
    }
    return Math.max(1, lanes.length);
  });
  return { counts, laneOf, pitch: Number.isFinite(pitch) ? pitch : rowHeight };
}
