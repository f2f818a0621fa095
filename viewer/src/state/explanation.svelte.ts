// What differs among the selected models, and among those that a refinement leaves: prepared by the exporter, or asked of cc_core
// in the worker. The newest question wins, and answers are kept by question.

import { loadJson, type Bundle } from "../bundle/load.ts";
import type { AnswersChunk } from "../bundle/types.gen.ts";
import type { Charted, Edit, Explanation, Refinement } from "../engine/answers.gen.ts";
import { newestOnly } from "../engine/newest.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { Study } from "../study/study.ts";
import type { Refined } from "./view.ts";

export interface Answered {
  readonly state: "answered";
  /** Of the models that the refinement leaves; of all selected ones without a refinement. */
  readonly charted: Charted;
  /** Of all selected models. */
  readonly whole: Explanation;
  /** The choices and what they leave; null until somebody looks at them. */
  readonly refinement: Refinement | null;
  /** From the first of two models to the second, step by step; null for more models, and until it is known. */
  readonly edits: readonly Edit[] | null;
}

export type Answer = { readonly state: "none" } | { readonly state: "asked" } | Answered | { readonly state: "failed"; readonly failure: Failure };

/** What is asked for besides the comparison itself, which costs starting Python even where the comparison was prepared. */
export interface Wanted {
  readonly refinement: boolean;
  readonly edits: boolean;
}

const NOTHING: Wanted = { refinement: false, edits: false };

export class ExplanationState {
  /** The answer for the current selection, or how far it is. */
  answer: Answer = $state.raw({ state: "none" });

  readonly #python: PythonEngine;
  readonly #newest = newestOnly();
  readonly #known = new Map<string, unknown>();
  /** The answers that came with the site, while they are on their way; a question waits for them, since they spare starting Python. */
  #prepared: Promise<void> | null;

  constructor(bundle: Bundle, python: PythonEngine, chunk: string) {
    this.#python = python;
    this.#prepared = this.#load(bundle, chunk).finally(() => (this.#prepared = null));
  }

  async #load(bundle: Bundle, chunk: string): Promise<void> {
    try {
      const { answers } = await loadJson<AnswersChunk>(bundle, chunk);
      for (const charted of answers as readonly Charted[]) this.#known.set(chartKey(charted.explanation.models), charted);
    } catch {
      // Python works out what a damaged chunk would have said.
    }
  }

  /**
   * Asks what differs among the models; one model or none differs in nothing.
   * @param refined values to keep, by variable
   * @param first the model that edits start from
   */
  ask(study: Study, selection: readonly string[], refined: Refined, first: string | null, wanted: Wanted = NOTHING): void {
    if (selection.length < 2) {
      this.answer = { state: "none" };
      void this.#newest(() => Promise.resolve());
      return;
    }
    const known = this.#known.get(chartKey(selection)) as Charted | undefined;
    const plain = Object.keys(refined).length === 0;
    // While a further answer is on its way, what is known of the same models stays in view.
    const same = this.answer.state === "answered" && chartKey(this.answer.whole.models) === chartKey(selection);
    if (known && plain && !same) this.answer = { state: "answered", charted: known, whole: known.explanation, refinement: null, edits: null };
    else if (!same) this.answer = { state: "asked" };
    // An overtaken question is left to finish: it takes milliseconds, and stopping it would restart Python.
    this.#newest(() => this.#work(study, selection, refined, first, wanted)).then(
      (answer) => {
        if (answer) this.answer = answer;
      },
      (error: unknown) => (this.answer = { state: "failed", failure: asFailure(error, "cc_core: chart") }),
    );
  }

  async #work(study: Study, selection: readonly string[], refined: Refined, first: string | null, wanted: Wanted): Promise<Answered> {
    // No pause once they are there: Python is then asked before the page draws the selection, and the two go on side by side.
    if (this.#prepared) await this.#prepared;
    const models = (): object => study.models.map(({ id, parents, operation }) => ({ id, parents, operation }));
    const chart = (ids: readonly string[]): Promise<Charted> =>
      this.#once(chartKey(ids), () => this.#call<Charted>("chart", { models: models(), selected: ids }));
    const whole = await chart(selection);
    const chosen = known(refined, whole.explanation);
    const choosing = Object.keys(chosen).length > 0;
    // Python that runs already answers at once; it is not started for what was not asked.
    const ready = this.#python.status.get().state === "ready";
    const refinement =
      choosing || wanted.refinement || (ready && whole.chart.facet !== null)
        ? await this.#once(JSON.stringify(["refine", selection, chosen]), () =>
            this.#call<Refinement>("refine", { models: models(), selected: selection, chosen }),
          )
        : null;
    const charted = choosing && refinement ? await chart(refinement.models) : whole;
    const pair = selection.length === 2 && (wanted.edits || ready) ? selection : null;
    const from = pair && (pair.find((id) => id === first) ?? pair[0] ?? "");
    const to = pair && (pair.find((id) => id !== from) ?? "");
    const edits = pair
      ? await this.#once(JSON.stringify(["difference", from, to]), () =>
          this.#call<readonly Edit[]>("difference", { models: models(), first: from, second: to }),
        )
      : null;
    return { state: "answered", charted, whole: whole.explanation, refinement, edits };
  }

  async #once<T>(key: string, work: () => Promise<T>): Promise<T> {
    if (!this.#known.has(key)) this.#known.set(key, await work());
    return this.#known.get(key) as T;
  }

  async #call<T>(name: string, request: object): Promise<T> {
    return (await this.#python.call<T>(name, request)).result;
  }
}

/** The choices that these models have; a link may hold others. */
function known(refined: Refined, { variables }: Explanation): Refined {
  const found = variables.flatMap(({ label, values }) => {
    const places = (Object.hasOwn(refined, label) ? (refined[label] ?? []) : []).filter((place) => place < values.length);
    return places.length > 0 ? [[label, places] as const] : [];
  });
  return Object.fromEntries(found);
}

function chartKey(models: readonly string[]): string {
  return JSON.stringify(["chart", ...[...models].sort()]);
}
