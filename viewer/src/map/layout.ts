// Where each model stands on the Model Map. Pure: models in, places out.
//
// Columns are operations in an order that every chain of operations shares wherever the chains
// allow one: a child always stands right of its parent, and equal operations share a column. An
// operation that a chain repeats, or that chains use in opposite orders, gets a further column.
// Rows are those of a tidy tree: each leaf has a row of its own, a parent stands amid its children.

export interface LayoutModel {
  readonly id: string;
  /** The first parent, or null for a root. */
  readonly parent: string | null;
  /** The operation's name, or null for a root that no operation made. */
  readonly operation: string | null;
}

export interface Column {
  readonly operation: string;
  /** "train", and "train (2)" for a further column of the same operation. */
  readonly label: string;
}

export interface Place {
  readonly id: string;
  readonly column: number;
  readonly row: number;
}

export interface Layout {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly places: ReadonlyMap<string, Place>;
}

export const BASE = "base model";

export function layoutByOperation(models: readonly LayoutModel[]): Layout {
  const children = childrenByParent(models);
  const roots = models.filter((model) => model.parent === null);
  const order = depthFirst(roots, children);
  const columns = orderOperations(order);
  const columnOf = new Map<string, number>();
  for (const model of order) {
    const after = model.parent === null ? -1 : (columnOf.get(model.parent) ?? -1);
    const operation = model.operation ?? BASE;
    let column = columns.findIndex((name, index) => index > after && name === operation);
    if (column < 0) column = columns.push(operation) - 1;
    columnOf.set(model.id, column);
  }
  const { rowOf, rows } = tidyRows(roots, children);
  const used = [...new Set(columnOf.values())].sort((a, b) => a - b);
  const places = new Map(
    order.map((model) => [
      model.id,
      {
        id: model.id,
        column: used.indexOf(columnOf.get(model.id) ?? 0),
        row: rowOf.get(model.id) ?? 0,
      },
    ]),
  );
  return { columns: label(used.map((index) => columns[index] ?? BASE)), rows, places };
}

function childrenByParent(models: readonly LayoutModel[]): Map<string, LayoutModel[]> {
  const children = new Map<string, LayoutModel[]>();
  for (const model of models) {
    if (model.parent === null) continue;
    const siblings = children.get(model.parent);
    if (siblings) siblings.push(model);
    else children.set(model.parent, [model]);
  }
  return children;
}

/** Parents before children; iterative, because a chain may be longer than the call stack. */
function depthFirst(
  roots: readonly LayoutModel[],
  children: ReadonlyMap<string, readonly LayoutModel[]>,
): LayoutModel[] {
  const order: LayoutModel[] = [];
  const stack = [...roots].reverse();
  for (let model = stack.pop(); model; model = stack.pop()) {
    order.push(model);
    stack.push(...[...(children.get(model.id) ?? [])].reverse());
  }
  return order;
}

/**
 * A column order of operation names. An operation that stands k times in one chain is k keys,
 * `name 1` to `name k`; a key comes before another when it does so in more chains than not, and
 * of keys that nothing precedes the one that stands earliest on average comes first.
 */
function orderOperations(order: readonly LayoutModel[]): string[] {
  const counts = new Map<string, ReadonlyMap<string, number>>();
  const keyOf = new Map<string, string>();
  const depthOf = new Map<string, number>();
  const seen = new Map<string, { operation: string; depths: number[]; first: number }>();
  const before = new Map<string, Map<string, number>>();
  for (const [index, model] of order.entries()) {
    const operation = model.operation ?? BASE;
    const above = (model.parent !== null && counts.get(model.parent)) || new Map<string, number>();
    const count = (above.get(operation) ?? 0) + 1;
    counts.set(model.id, new Map([...above, [operation, count]]));
    const key = `${operation}\u0000${count}`;
    const depth = model.parent === null ? 0 : (depthOf.get(model.parent) ?? 0) + 1;
    keyOf.set(model.id, key);
    depthOf.set(model.id, depth);
    const known = seen.get(key) ?? { operation, depths: [], first: index };
    known.depths.push(depth);
    seen.set(key, known);
    const parentKey = model.parent === null ? undefined : keyOf.get(model.parent);
    if (parentKey !== undefined && parentKey !== key) {
      const followers = before.get(parentKey) ?? new Map<string, number>();
      followers.set(key, (followers.get(key) ?? 0) + 1);
      before.set(parentKey, followers);
    }
  }
  const weight = (a: string, b: string): number => before.get(a)?.get(b) ?? 0;
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  // held: by how much what is not placed yet comes before a key rather than after it.
  const net = (a: string, b: string): number => Math.max(0, weight(a, b) - weight(b, a));
  const left = new Map<string, Rank>();
  for (const [key, known] of seen) {
    left.set(key, { held: 0, depth: mean(known.depths), first: known.first });
  }
  for (const [key, followers] of before) {
    for (const follower of followers.keys()) hold(left, follower, net(key, follower));
  }
  const placed: string[] = [];
  while (left.size > 0) {
    let [best] = left.keys();
    if (best === undefined) break;
    for (const key of left.keys()) if (comesFirst(left, key, best)) best = key;
    left.delete(best);
    placed.push(seen.get(best)?.operation ?? BASE);
    for (const follower of before.get(best)?.keys() ?? []) hold(left, follower, -net(best, follower));
  }
  return placed;
}

interface Rank {
  held: number;
  readonly depth: number;
  readonly first: number;
}

function hold(left: ReadonlyMap<string, Rank>, key: string, weight: number): void {
  const rank = left.get(key);
  if (rank) rank.held += weight;
}

function comesFirst(left: ReadonlyMap<string, Rank>, key: string, other: string): boolean {
  const a = left.get(key);
  const b = left.get(other);
  if (!a || !b || key === other) return false;
  if (a.held !== b.held) return a.held < b.held;
  if (a.depth !== b.depth) return a.depth < b.depth;
  return a.first < b.first;
}

function tidyRows(
  roots: readonly LayoutModel[],
  children: ReadonlyMap<string, readonly LayoutModel[]>,
): { rowOf: Map<string, number>; rows: number } {
  const rowOf = new Map<string, number>();
  let next = 0;
  const order = depthFirst(roots, children);
  for (const model of order) if (!children.has(model.id)) rowOf.set(model.id, next++);
  // Children come after their parent in `order`, so the reverse meets them first.
  for (const model of order.reverse()) {
    const below = (children.get(model.id) ?? []).map((child) => rowOf.get(child.id) ?? 0);
    if (below.length > 0) rowOf.set(model.id, (Math.min(...below) + Math.max(...below)) / 2);
  }
  return { rowOf, rows: next };
}

function label(operations: readonly string[]): Column[] {
  const count = new Map<string, number>();
  return operations.map((operation) => {
    const number = (count.get(operation) ?? 0) + 1;
    count.set(operation, number);
    return { operation, label: number === 1 ? operation : `${operation} (${number})` };
  });
}
