// Who is related to whom, over all parents of a model: what "select its children" means. Ids in, ids out, in study order.

import type { Study } from "./study.ts";

export type Relation = "parents" | "children" | "ancestors" | "descendants" | "siblings";

/** In the order in which they are offered. */
export const RELATIONS: readonly Relation[] = ["parents", "children", "ancestors", "descendants", "siblings"];

/**
 * The relatives of some models, without those models themselves. Siblings share a parent; roots have none, so they are no
 * siblings of one another.
 */
export function relativesOf(study: Study, ids: readonly string[], relation: Relation): readonly string[] {
  const parents = (id: string): readonly string[] => study.byId.get(id)?.parents.filter((parent) => study.byId.has(parent)) ?? [];
  const below = childrenByParent(study);
  const children = (id: string): readonly string[] => below.get(id) ?? [];
  const found = {
    parents: () => ids.flatMap(parents),
    children: () => ids.flatMap(children),
    ancestors: () => reach(ids, parents),
    descendants: () => reach(ids, children),
    siblings: () => [...new Set(ids.flatMap(parents))].flatMap(children),
  }[relation]();
  const wanted = new Set(found);
  for (const id of ids) wanted.delete(id);
  return inOrder(study, wanted);
}

/** Every model that is not among these. */
export function othersThan(study: Study, ids: readonly string[]): readonly string[] {
  const excluded = new Set(ids);
  return study.models.map(({ id }) => id).filter((id) => !excluded.has(id));
}

/** Children by each of their parents, not only by the first. */
function childrenByParent(study: Study): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const { id, parents } of study.models) {
    for (const parent of parents) {
      const known = children.get(parent);
      if (known) known.push(id);
      else children.set(parent, [id]);
    }
  }
  return children;
}

function reach(from: readonly string[], step: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const pending = from.flatMap(step);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    pending.push(...step(id));
  }
  return found;
}

function inOrder(study: Study, ids: ReadonlySet<string>): readonly string[] {
  return study.models.map(({ id }) => id).filter((id) => ids.has(id));
}
