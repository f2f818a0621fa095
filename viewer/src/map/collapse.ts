// The models that the map shows: all but those below a collapsed one, which stands for them.

import { spellValue, type Study } from "../study/study.ts";
import type { ModelRecord } from "../bundle/types.gen.ts";
import type { LayoutModel } from "./forest.ts";
import { momentOf } from "./timeline.ts";

export interface Shown {
  /** What is laid out, siblings in the order of their parameters. */
  readonly models: readonly LayoutModel[];
  /** The models that each collapsed model stands for, itself not included. */
  readonly behind: ReadonlyMap<string, readonly string[]>;
}

export function shownModels(study: Pick<Study, "models" | "roots" | "childrenOf">, collapsed: readonly string[]): Shown {
  const wanted = new Set(collapsed);
  /** The collapsed model that stands for a hidden one: the outermost. */
  const standIn = new Map<string, string>();
  const behind = new Map<string, string[]>();
  const pending = study.roots.map((id) => ({ id, under: null as string | null }));
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { id, under } = next;
    const children = study.childrenOf.get(id) ?? [];
    if (under !== null) {
      standIn.set(id, under);
      behind.get(under)?.push(id);
    } else if (wanted.has(id) && children.length > 0) behind.set(id, []);
    const above = under ?? (behind.has(id) ? id : null);
    for (const child of children) pending.push({ id: child, under: above });
  }
  const models = study.models
    .filter(({ id }) => !standIn.has(id))
    .sort(byParameters)
    .map((model) => ({
      id: model.id,
      // A second parent that is hidden is linked from what stands for it.
      parents: model.parents.map((parent) => standIn.get(parent) ?? parent).filter((parent) => parent !== model.id),
      operation: model.operation?.name ?? null,
      created: momentOf(model.created),
    }));
  return { models, behind };
}

/** Whether the study says when its models were made, at least for two moments. */
export function hasTimes(study: Study): boolean {
  const moments = new Set(study.models.map(({ created }) => momentOf(created)));
  moments.delete(null);
  return moments.size > 1;
}

/** Numbers by size, before texts; roots stay as the study has them. */
function byParameters(a: ModelRecord, b: ModelRecord): number {
  const [first, second] = [valuesOf(a), valuesOf(b)];
  for (const [index, value] of first.entries()) {
    const other = second[index];
    if (other === undefined) return 1;
    const order = compare(value, other);
    if (order !== 0) return order;
  }
  return first.length - second.length;
}

function valuesOf(model: ModelRecord): readonly unknown[] {
  return model.parents.length === 0 ? [] : Object.values(model.operation?.parameters ?? {});
}

function compare(a: unknown, b: unknown): number {
  const [left, right] = [typeof a === "number", typeof b === "number"];
  if (left && right) return (a as number) - (b as number);
  if (left !== right) return left ? -1 : 1;
  const [first, second] = [spellValue(a), spellValue(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}
