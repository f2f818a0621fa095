// Comparisons for the gallery: a grid of recipes, and what cc_core would answer about it.
import type { ModelRecord } from "../bundle/types.gen.ts";
import type { Charted, Encoding, Explanation, Mark, Refinement, Variable } from "../engine/answers.gen.ts";
import type { Answered } from "../state/explanation.svelte.ts";
import type { Refined } from "../state/view.ts";
import { model } from "../study/fixture.ts";

export interface Grid {
  /** Values of the variables, in the order x, colour, facet; one variable at least. */
  readonly amounts: readonly number[];
  readonly trained?: readonly boolean[];
  readonly bits?: readonly number[];
  /** Models of each recipe. */
  readonly repeats?: number;
  /** What names begin with. */
  readonly name?: string;
  /** Recipes that nobody tried, by place. */
  readonly without?: readonly number[];
  /** A model's values by its place. */
  readonly metrics?: (place: number) => ModelRecord["metrics"];
  /** Places of the values that are kept, by variable. */
  readonly chosen?: Refined;
}

export interface Comparison {
  readonly models: readonly ModelRecord[];
  readonly answer: Answered;
  /** Selects what is compared. */
  readonly hash: string;
}

interface Recipe {
  readonly id: string;
  readonly places: readonly number[];
}

/** A base and a grid of models made from it. */
export function comparisonOf({ name = "model", repeats = 1, without = [], metrics = lively, chosen = {}, ...values }: Grid): Comparison {
  const variables = [
    variable("prune · amount", "parameter", values.amounts),
    ...(values.trained ? [variable("train", "presence", values.trained)] : []),
    ...(values.bits ? [variable("quantize · bits", "parameter", values.bits)] : []),
  ];
  const combinations = variables.reduce<readonly (readonly number[])[]>(
    (found, { values: own }) => found.flatMap((places) => own.map((_, place) => [...places, place])),
    [[]],
  );
  const recipes = combinations
    .filter((_, place) => !without.includes(place))
    .flatMap((places) =>
      Array.from({ length: repeats }, (_, run): Recipe => {
        const parts = places.map((place, index) => String(variables[index]!.values[place]));
        return { id: [name, ...parts, ...(run > 0 ? [`run ${run + 1}`] : [])].join(" "), places };
      }),
    );
  const kept = recipes.filter(({ places }) => passes(places, variables, chosen));
  const narrowed = Object.keys(chosen).length > 0;
  const models = [model("base", null, metrics(0)), ...recipes.map(({ id }, place) => model(id, "base", metrics(place + 1)))];
  return {
    models,
    hash: `#${new URLSearchParams([...recipes.map(({ id }) => ["model", id]), ...(narrowed ? Object.entries(chosen).map(([label, places]) => ["refine", JSON.stringify([label, ...places])]) : [])])}`,
    answer: {
      state: "answered",
      whole: explained(recipes, variables),
      charted: charted(kept, variables),
      refinement: narrowed ? refinement(recipes, variables, chosen) : null,
      edits: null,
    },
  };
}

function lively(place: number): ModelRecord["metrics"] {
  return { Accuracy: 0.9 - 0.06 * (place % 7), Size: 1e6 / (1 + (place % 5)), Gain: place % 3 };
}

function variable(label: string, kind: Variable["kind"], values: readonly unknown[]): Variable {
  const [operation = "", parameter = null] = label.split(" · ");
  return { label, kind, operation, parameter, values, model_values: [], cost: 1, column: 0, implied_by: null };
}

function passes(places: readonly number[], variables: readonly Variable[], chosen: Refined): boolean {
  return variables.every(({ label }, index) => !chosen[label] || chosen[label].includes(places[index]!));
}

/** Of these recipes, variables that do not vary among them left out. */
function explained(recipes: readonly Recipe[], variables: readonly Variable[]): Explanation {
  const sorted = [...recipes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const varying = variables
    .map((own, index) => ({ ...own, model_values: sorted.map(({ places }) => places[index]!) }))
    .filter(({ model_values: places }) => new Set(places).size > 1);
  const runs = Map.groupBy(sorted, ({ places }) => JSON.stringify(places));
  return {
    models: sorted.map(({ id }) => id),
    variables: varying,
    repeats: [...runs.values()].filter(({ length }) => length > 1).map((group) => group.map(({ id }) => id)),
    cost: varying.length,
    proven: true,
    sentence: `${sorted.length} models differ in ${varying.map(({ label }) => label).join(" and ")}.`,
  };
}

function charted(recipes: readonly Recipe[], variables: readonly Variable[]): Charted {
  const explanation = explained(recipes, variables);
  const encodings = variables.map((own, index): [number, Encoding | null] => {
    const varies = explanation.variables.some(({ label }) => label === own.label);
    const values = own.values.map((value) => (own.kind === "presence" ? (value ? own.label : `no ${own.label}`) : String(value)));
    return [index, varies ? { label: own.label, kind: "category", values, variables: [own.label] } : null];
  });
  const used = encodings.filter(([, encoding]) => encoding);
  const place = (places: readonly number[], rank: number): number => (used[rank] ? places[used[rank][0]]! : 0);
  const marks = [...Map.groupBy(recipes, ({ places }) => JSON.stringify(places)).values()].map(
    (group): Mark => ({
      x: place(group[0]!.places, 0),
      colour: place(group[0]!.places, 1),
      facet: place(group[0]!.places, 2),
      models: group.map(({ id }) => id),
    }),
  );
  marks.sort((a, b) => a.facet - b.facet || a.x - b.x || a.colour - b.colour);
  return { explanation, chart: { x: used[0]?.[1] ?? null, colour: used[1]?.[1] ?? null, facet: used[2]?.[1] ?? null, marks } };
}

function refinement(recipes: readonly Recipe[], variables: readonly Variable[], chosen: Refined): Refinement {
  return {
    models: recipes.filter(({ places }) => passes(places, variables, chosen)).map(({ id }) => id),
    choices: variables.map(({ label, values }, index) => ({
      label,
      options: values.map((value, place) => ({
        value,
        chosen: chosen[label]?.includes(place) ?? false,
        models: recipes.filter(({ places }) => places[index] === place && passes(places, variables, { ...chosen, [label]: [place] })).length,
      })),
    })),
  };
}
