// Where each model stands on the Model Map. Pure: models in, places out, whatever is selected or hovered.
//
// By operation, columns are operations in an order that chains share; by step, columns are how many operations a model is away
// from its root; by time (timeline.ts), models stand where they were made. In the first two, rows are those of a tidy forest
// (rows.ts) whose siblings are put in an order that keeps links to second parents from crossing others.

import { crossingsOf, type Curve } from "./crossings.ts";
import { forestOf, type Forest, type LayoutModel } from "./forest.ts";
import { operationColumns } from "./operations.ts";
import type { Column, Layout, Link } from "./places.ts";
import { tidyRows, type Rows } from "./rows.ts";
import { layoutByTime } from "./timeline.ts";

export type { LayoutModel } from "./forest.ts";

export type Arrangement = "operation" | "step" | "time";

/** Heads the column of models that nothing leads to. */
const ROOT = "root";
/** With more models than these, names give way to closeness: families may stand where a short family leaves room. */
const ROOMY = 120;
/** How often siblings are put in a better order before that is good enough. */
const SWEEPS = 4;

export function layoutOf(arrangement: Arrangement, models: readonly LayoutModel[]): Layout {
  return { operation: layoutByOperation, step: layoutByStep, time: layoutByTime }[arrangement](models);
}

export function layoutByOperation(models: readonly LayoutModel[]): Layout {
  const forest = forestOf(models);
  const { operations, columnOf } = operationColumns(forest);
  return tidy(forest, columnOf, numbered(operations));
}

export function layoutByStep(models: readonly LayoutModel[]): Layout {
  const forest = forestOf(models);
  const steps = Math.max(-1, ...forest.stepOf.values()) + 1;
  const columns = Array.from({ length: steps }, (_, step) => ({ label: step === 0 ? ROOT : `step ${step}` }));
  return tidy(forest, forest.stepOf, columns);
}

function tidy(forest: Forest, columnOf: ReadonlyMap<string, number>, columns: readonly Column[]): Layout {
  const links = linksOf(forest, columnOf);
  const { rowOf, count } = orderedRows(forest, columnOf, links);
  const places = new Map(
    forest.order.map(({ id }) => [id, { id, column: columnOf.get(id) ?? 0, row: rowOf.get(id) ?? 0 }]),
  );
  return { columns, span: columns.length, rows: count, places, links, time: null };
}

function linksOf(forest: Forest, columnOf: ReadonlyMap<string, number>): Link[] {
  const column = (id: string): number => columnOf.get(id) ?? 0;
  return forest.order.flatMap(({ id: child }) =>
    (forest.parentsOf.get(child) ?? []).map((parent, order) => ({
      parent,
      child,
      order,
      turn: order === 0 ? column(parent) + 1 : column(child),
    })),
  );
}

/** Rows for siblings in column order, or in the order in which links to second parents cross the fewest others. */
function orderedRows(forest: Forest, columnOf: ReadonlyMap<string, number>, links: readonly Link[]): Rows {
  const beside = forest.order.length > ROOMY ? 0 : 1;
  const column = (id: string): number => columnOf.get(id) ?? 0;
  let childrenOf = sortedBy(forest.childrenOf, ({ id }) => column(id));
  let roots: readonly LayoutModel[] = forest.roots;
  let best = tidyRows(roots, childrenOf, columnOf, beside);
  const second = links.filter(({ order }) => order > 0);
  if (second.length === 0) return best;
  const crossings = (rows: Rows): number => crossingsOf(curvesOf(links, columnOf, rows.rowOf));
  let fewest = crossings(best);
  for (let sweep = 0, rows = best; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const pull = pullOf(forest, second, rows, sweep % 2 === 0);
    childrenOf = sortedBy(childrenOf, ({ id }) => pull.get(id) ?? 0);
    roots = [...roots].sort((a, b) => (pull.get(a.id) ?? 0) - (pull.get(b.id) ?? 0));
    rows = tidyRows(roots, childrenOf, columnOf, beside);
    const count = crossings(rows);
    if (count < fewest) [best, fewest] = [rows, count];
  }
  return best;
}

/**
 * The row that a family is drawn to: the mean of the rows of its second parents, or of its second children, else its own. Of two
 * families that are linked only one moves at a time; they would change places otherwise.
 */
function pullOf(forest: Forest, second: readonly Link[], { rowOf }: Rows, toParents: boolean): Map<string, number> {
  const sums = new Map<string, { total: number; count: number }>();
  const add = (id: string, total: number, count: number): void => {
    const sum = sums.get(id) ?? { total: 0, count: 0 };
    sums.set(id, { total: sum.total + total, count: sum.count + count });
  };
  for (const { parent, child } of second) {
    if (toParents) add(child, rowOf.get(parent) ?? 0, 1);
    else add(parent, rowOf.get(child) ?? 0, 1);
  }
  for (const { id } of [...forest.order].reverse()) {
    const sum = sums.get(id);
    const parent = forest.parentsOf.get(id)?.[0];
    if (sum && parent !== undefined) add(parent, sum.total, sum.count);
  }
  return new Map(
    forest.order.map(({ id }) => {
      const sum = sums.get(id);
      return [id, sum ? sum.total / sum.count : (rowOf.get(id) ?? 0)];
    }),
  );
}

/** The links of a layout as curves, to count how often they cross. */
export function curvesOf(
  links: readonly Link[],
  columnOf: ReadonlyMap<string, number>,
  rowOf: ReadonlyMap<string, number>,
): Curve[] {
  return links.map(({ parent, child, turn }) => ({
    from: { column: columnOf.get(parent) ?? 0, row: rowOf.get(parent) ?? 0 },
    to: { column: columnOf.get(child) ?? 0, row: rowOf.get(child) ?? 0 },
    turn,
  }));
}

function sortedBy(
  childrenOf: Forest["childrenOf"],
  key: (model: LayoutModel) => number,
): Map<string, readonly LayoutModel[]> {
  return new Map([...childrenOf].map(([id, children]) => [id, [...children].sort((a, b) => key(a) - key(b))]));
}

function numbered(operations: readonly string[]): Column[] {
  const count = new Map<string, number>();
  return operations.map((operation) => {
    const number = (count.get(operation) ?? 0) + 1;
    count.set(operation, number);
    return { label: number === 1 ? operation : `${operation} (${number})` };
  });
}
