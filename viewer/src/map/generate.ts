// For tests and benchmarks: studies of any size, the same for the same seed.

import type { LayoutModel } from "./forest.ts";

/** Numbers below a bound, the same for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // Mulberry32: small, and good enough that no pattern shows.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export interface Shape {
  /** One model in so many is a root. */
  readonly roots?: number;
  /** One model in so many has a second parent. */
  readonly merged?: number;
  /** No chain is longer. */
  readonly depth?: number;
}

const OPERATIONS = ["train", "prune", "quantize", "calibrate", "distill"];

export function randomForest(seed: number, count: number, { roots = 10, merged = 12, depth = 6 }: Shape = {}): LayoutModel[] {
  const random = randomNumbers(seed);
  const models: LayoutModel[] = [];
  const depths: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const parents: string[] = [];
    let at = 0;
    if (index > 0 && random(roots) > 0) {
      const parent = random(index);
      const second = random(index);
      if (depths[parent]! < depth) parents.push(`m${parent}`);
      if (parents.length > 0 && second !== parent && random(merged) === 0) parents.push(`m${second}`);
      at = parents.length > 0 ? depths[parent]! + 1 : 0;
    }
    depths.push(at);
    models.push({
      id: `m${index}`,
      parents,
      operation: parents.length === 0 && random(2) === 0 ? null : (OPERATIONS[random(OPERATIONS.length)] ?? null),
      created: random(20) === 0 ? null : Date.UTC(2026, 0, 1) + index * 3_600_000 + random(7_200_000),
    });
  }
  return models;
}

/** What people do: a few bases, and on each the same recipes with several amounts. */
export function recipeStudy(count: number): LayoutModel[] {
  const models: LayoutModel[] = [];
  const add = (parents: readonly string[], operation: string | null): string => {
    const id = `m${models.length}`;
    models.push({ id, parents, operation, created: Date.UTC(2026, 0, 1) + models.length * 3_600_000 });
    return id;
  };
  while (models.length < count) {
    const base = add([], null);
    for (let amount = 0; amount < 10; amount += 1) {
      const pruned = add([base], "prune");
      add([pruned], "calibrate");
      const trained = add([pruned], "train");
      add([trained], "quantize");
      const small = add([trained, base], "distill");
      add([small], "quantize");
    }
    add([base], "quantize");
  }
  return models.slice(0, count);
}
