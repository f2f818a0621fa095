// Rows of a tidy forest: parents amid their children, families close together, and no link to a first parent crosses another.
//
// A link turns in the gap right of the parent and then runs along the row of its child. So a family occupies, in every column
// that it reaches, a range of rows; families stand one below another so that these ranges never meet.

import { depthFirst, type Forest, type LayoutModel } from "./forest.ts";

export interface Rows {
  readonly rowOf: ReadonlyMap<string, number>;
  readonly count: number;
}

/** The rows that a family occupies in each of its columns. Index 0 is its last column, so that families grow to the left. */
interface Outline {
  readonly last: number;
  readonly tops: number[];
  readonly bottoms: number[];
}

/**
 * @param columnOf column of each model; a child's is greater than its first parent's
 * @param beside how many further columns right of a model stay free of other families: room for its name
 */
export function tidyRows(
  roots: readonly LayoutModel[],
  childrenOf: Forest["childrenOf"],
  columnOf: ReadonlyMap<string, number>,
  beside: number,
): Rows {
  const order = depthFirst(roots, childrenOf);
  const outlines = new Map<string, Outline>();
  /** A model's row among its own family, and how far that family is moved within the one of its parent. */
  const ownRow = new Map<string, number>();
  const moved = new Map<string, number>();
  const column = (id: string): number => columnOf.get(id) ?? 0;

  const gather = (children: readonly LayoutModel[], from: number): { rows: number[]; outline: Outline } | null => {
    let outline: Outline | null = null;
    const rows: number[] = [];
    for (const { id } of children) {
      const child = outlines.get(id);
      if (!child) continue;
      outlines.delete(id);
      const row = ownRow.get(id) ?? 0;
      while (firstColumn(child) > from) widen(child, row, row);
      const shift: number = outline ? clearance(outline, child) : 0;
      moved.set(id, shift);
      rows.push(row + shift);
      outline = outline ? stacked(outline, child, shift) : child;
    }
    return outline && { rows, outline };
  };

  for (let index = order.length - 1; index >= 0; index -= 1) {
    const { id } = order[index]!;
    const below = gather(childrenOf.get(id) ?? [], column(id) + 1);
    const row = below ? (below.rows[0]! + below.rows.at(-1)!) / 2 : 0;
    ownRow.set(id, row);
    const room = (): number[] => new Array<number>(beside).fill(0);
    const outline = below?.outline ?? { last: column(id) + beside, tops: room(), bottoms: room() };
    widen(outline, row, row);
    outlines.set(id, outline);
  }
  const whole = gather(roots, 0);
  const top = Math.min(0, ...(whole?.outline.tops ?? []));
  const bottom = Math.max(0, ...(whole?.outline.bottoms ?? []));
  const offset = new Map<string, number>();
  const rowOf = new Map<string, number>();
  const parentOf = new Map([...childrenOf].flatMap(([parent, children]) => children.map(({ id }) => [id, parent] as const)));
  for (const { id } of order) {
    const parent = parentOf.get(id);
    const at = (parent === undefined ? -top : (offset.get(parent) ?? 0)) + (moved.get(id) ?? 0);
    offset.set(id, at);
    rowOf.set(id, (ownRow.get(id) ?? 0) + at);
  }
  return { rowOf, count: order.length === 0 ? 0 : bottom - top + 1 };
}

function firstColumn({ last, tops }: Outline): number {
  return last - tops.length + 1;
}

/** One more column at the left. */
function widen({ tops, bottoms }: Outline, top: number, bottom: number): void {
  tops.push(top);
  bottoms.push(bottom);
}

/** How far the second must move down to be a row below the first in every column that both have. */
function clearance(above: Outline, below: Outline): number {
  let shift = -Infinity;
  const from = Math.max(firstColumn(above), firstColumn(below));
  for (let column = Math.min(above.last, below.last); column >= from; column -= 1) {
    shift = Math.max(shift, above.bottoms[above.last - column]! + 1 - below.tops[below.last - column]!);
  }
  return shift === -Infinity ? 0 : shift;
}

/** Both as one; they begin in the same column. */
function stacked(above: Outline, below: Outline, shift: number): Outline {
  const last = Math.max(above.last, below.last);
  const tops: number[] = [];
  const bottoms: number[] = [];
  for (let column = last; column >= firstColumn(above); column -= 1) {
    const upper = above.last - column;
    const lower = below.last - column;
    tops.push(upper >= 0 ? above.tops[upper]! : below.tops[lower]! + shift);
    bottoms.push(lower >= 0 ? below.bottoms[lower]! + shift : above.bottoms[upper]!);
  }
  return { last, tops, bottoms };
}
