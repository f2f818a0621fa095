// The order of operations on the Model Map: one that every chain of operations shares wherever the chains allow one.

import type { Forest, LayoutModel } from "./forest.ts";

/** Heads the column of roots that no operation made. */
export const BASE = "base model";
/** Heads the column of models whose study does not say how they were made. */
export const UNSTATED = "not stated";

export interface OperationColumns {
  /** The operation of each column; repeated ones stand several times. */
  readonly operations: readonly string[];
  readonly columnOf: ReadonlyMap<string, number>;
}

/**
 * A column for each model: right of all its parents', and the same as that of models made by the same operation. An
 * operation that a chain repeats, or that chains use in opposite orders, gets a further column.
 */
export function operationColumns(forest: Forest): OperationColumns {
  const columns = orderOperations(forest);
  const columnOf = new Map<string, number>();
  for (const model of forest.order) {
    const after = Math.max(-1, ...(forest.parentsOf.get(model.id) ?? []).map((parent) => columnOf.get(parent) ?? -1));
    let column = columns.indexOf(operationOf(model, forest), after + 1);
    if (column < 0) column = columns.push(operationOf(model, forest)) - 1;
    columnOf.set(model.id, column);
  }
  const used = [...new Set(columnOf.values())].sort((a, b) => a - b);
  const place = new Map(used.map((column, index) => [column, index]));
  return {
    operations: used.map((column) => columns[column] ?? BASE),
    columnOf: new Map([...columnOf].map(([id, column]) => [id, place.get(column) ?? 0])),
  };
}

function operationOf(model: LayoutModel, forest: Forest): string {
  if (model.operation !== null) return model.operation;
  const parents = forest.parentsOf.get(model.id)?.length ?? 0;
  if (parents === 0) return BASE;
  return parents > 1 ? "merge" : UNSTATED;
}

interface Key {
  readonly operation: string;
  /** Sum of the steps at which it stands, and how often it does. */
  steps: number;
  count: number;
  /** By how much what is not placed yet comes before it rather than after it. */
  held: number;
}

/**
 * A column order of operation names. An operation that stands k times in one chain is k keys,
 * `name 1` to `name k`; a key comes before another when it does so in more chains than not, and
 * of keys that nothing precedes the one that stands earliest on average comes first.
 */
function orderOperations(forest: Forest): string[] {
  const { keyOf, keys } = keysOf(forest);
  const before = new Map<string, Map<string, number>>();
  for (const model of forest.order) {
    const key = keyOf.get(model.id) ?? "";
    for (const parent of forest.parentsOf.get(model.id) ?? []) {
      const parentKey = keyOf.get(parent);
      if (parentKey === undefined || parentKey === key) continue;
      const followers = before.get(parentKey) ?? new Map<string, number>();
      followers.set(key, (followers.get(key) ?? 0) + 1);
      before.set(parentKey, followers);
    }
  }
  const weight = (a: string, b: string): number => before.get(a)?.get(b) ?? 0;
  const net = (a: string, b: string): number => Math.max(0, weight(a, b) - weight(b, a));
  const hold = (key: string, sign: 1 | -1): void => {
    for (const follower of before.get(key)?.keys() ?? []) {
      const held = keys.get(follower);
      if (held) held.held += sign * net(key, follower);
    }
  };
  for (const key of before.keys()) hold(key, 1);
  const placed: string[] = [];
  const left = new Map(keys);
  while (left.size > 0) {
    let best: [string, Key] | null = null;
    for (const entry of left) if (!best || comesFirst(entry[1], best[1])) best = entry;
    if (!best) break;
    left.delete(best[0]);
    placed.push(best[1].operation);
    hold(best[0], -1);
  }
  return placed;
}

/** Earlier keys win ties, since they were seen first. */
function comesFirst(a: Key, b: Key): boolean {
  if (a.held !== b.held) return a.held < b.held;
  return a.steps / a.count < b.steps / b.count;
}

/** Each model's operation and how often its chain of first parents has used it by then. */
function keysOf(forest: Forest): { keyOf: Map<string, string>; keys: Map<string, Key> } {
  const counts = new Map<string, ReadonlyMap<string, number>>();
  const keyOf = new Map<string, string>();
  const keys = new Map<string, Key>();
  for (const model of forest.order) {
    const operation = operationOf(model, forest);
    const above = counts.get(forest.parentsOf.get(model.id)?.[0] ?? "") ?? new Map<string, number>();
    const count = (above.get(operation) ?? 0) + 1;
    counts.set(model.id, new Map([...above, [operation, count]]));
    const key = JSON.stringify([operation, count]);
    keyOf.set(model.id, key);
    const known = keys.get(key) ?? { operation, steps: 0, count: 0, held: 0 };
    known.steps += forest.stepOf.get(model.id) ?? 0;
    known.count += 1;
    keys.set(key, known);
  }
  return { keyOf, keys };
}
