// The links among models, put in an order that layouts can rely on: parents before children.

export interface LayoutModel {
  readonly id: string;
  /** Ids of its parents; the first is the one it stands beside. */
  readonly parents: readonly string[];
  /** The operation's name, or null where the study names none. */
  readonly operation: string | null;
  /** When it was made, in milliseconds since 1970 (UTC), or null when that is not known. */
  readonly created: number | null;
}

export interface Forest {
  /** Parents before children, otherwise as given. */
  readonly order: readonly LayoutModel[];
  /** The parents of a model that are among the models, the first one first. */
  readonly parentsOf: ReadonlyMap<string, readonly string[]>;
  /** Models by their first parent. */
  readonly childrenOf: ReadonlyMap<string, readonly LayoutModel[]>;
  readonly roots: readonly LayoutModel[];
  /** Length of the longest chain that leads to a model; 0 for roots. */
  readonly stepOf: ReadonlyMap<string, number>;
}

/** Links to models that are not given, and links that would close a circle, are left out. */
export function forestOf(models: readonly LayoutModel[]): Forest {
  const known = new Set(models.map(({ id }) => id));
  const stepOf = longestChains(models, known);
  const order = [...models].sort((a, b) => (stepOf.get(a.id) ?? 0) - (stepOf.get(b.id) ?? 0));
  const parentsOf = new Map<string, readonly string[]>();
  const childrenOf = new Map<string, LayoutModel[]>();
  const roots: LayoutModel[] = [];
  const step = (id: string): number => stepOf.get(id) ?? 0;
  for (const model of models) {
    const parents = [...new Set(model.parents)].filter((id) => known.has(id) && step(id) < step(model.id));
    parentsOf.set(model.id, parents);
    const [first] = parents;
    if (first === undefined) roots.push(model);
    else pushTo(childrenOf, first, model);
  }
  return { order, parentsOf, childrenOf, roots, stepOf };
}

/** Steps from the roots. What a circle keeps from ever being reached starts one of its own. */
function longestChains(models: readonly LayoutModel[], known: ReadonlySet<string>): Map<string, number> {
  const waiting = new Map<string, number>();
  const followers = new Map<string, string[]>();
  for (const { id, parents } of models) {
    const real = [...new Set(parents)].filter((parent) => known.has(parent));
    waiting.set(id, real.length);
    for (const parent of real) pushTo(followers, parent, id);
  }
  const stepOf = new Map<string, number>();
  let ready = models.map(({ id }) => id).filter((id) => waiting.get(id) === 0);
  for (let step = 0; stepOf.size < models.length; step += 1) {
    if (ready.length === 0) {
      const stuck = models.find(({ id }) => !stepOf.has(id));
      if (!stuck) break;
      ready = [stuck.id];
    }
    const next: string[] = [];
    for (const id of ready) stepOf.set(id, step);
    for (const id of ready) {
      for (const follower of followers.get(id) ?? []) {
        if (stepOf.has(follower)) continue;
        const left = (waiting.get(follower) ?? 0) - 1;
        waiting.set(follower, left);
        if (left === 0) next.push(follower);
      }
    }
    ready = next;
  }
  return stepOf;
}

/** Parents directly before their first child, as a book's table of contents; iterative, because chains may be long. */
export function depthFirst(
  roots: readonly LayoutModel[],
  childrenOf: ReadonlyMap<string, readonly LayoutModel[]>,
): LayoutModel[] {
  const order: LayoutModel[] = [];
  const stack = [...roots].reverse();
  for (let model = stack.pop(); model; model = stack.pop()) {
    order.push(model);
    const children = childrenOf.get(model.id) ?? [];
    for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index]!);
  }
  return order;
}

function pushTo<Item>(lists: Map<string, Item[]>, key: string, item: Item): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
