// What differs among the selected models: prepared by the exporter, or asked of cc_core in the worker. The newest question
// wins, and answers are kept by selection.

import { loadJson, type Bundle } from "../bundle/load.ts";
import type { AnswersChunk } from "../bundle/types.gen.ts";
import type { Charted } from "../engine/answers.gen.ts";
import { newestOnly } from "../engine/newest.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { Study } from "../study/study.ts";

export type Answer =
  | { readonly state: "none" }
  | { readonly state: "asked" }
  | { readonly state: "answered"; readonly charted: Charted }
  | { readonly state: "failed"; readonly failure: Failure };

export class ExplanationState {
  /** The answer for the current selection, or how far it is. */
  answer: Answer = $state.raw({ state: "none" });

  readonly #python: PythonEngine;
  readonly #newest = newestOnly();
  readonly #known = new Map<string, Charted>();
  /** The answers that came with the site; a question waits for them, since they spare starting Python. */
  readonly #prepared: Promise<void>;

  constructor(bundle: Bundle, python: PythonEngine, chunk: string) {
    this.#python = python;
    this.#prepared = this.#load(bundle, chunk);
  }

  async #load(bundle: Bundle, chunk: string): Promise<void> {
    try {
      const { answers } = await loadJson<AnswersChunk>(bundle, chunk);
      for (const charted of answers as readonly Charted[]) this.#known.set(keyOf(charted.explanation.models), charted);
    } catch {
      // Python works out what a damaged chunk would have said.
    }
  }

  /** Asks what differs among the models; one model or none differs in nothing. */
  ask(study: Study, selection: readonly string[]): void {
    if (selection.length < 2) {
      this.answer = { state: "none" };
      void this.#newest(() => Promise.resolve());
      return;
    }
    const key = keyOf(selection);
    const known = this.#known.get(key);
    this.answer = known ? { state: "answered", charted: known } : { state: "asked" };
    // An overtaken question is left to finish: it takes milliseconds, and stopping it would restart Python.
    this.#newest(() => (known ? Promise.resolve(known) : this.#work(study, selection, key))).then(
      (charted) => {
        if (charted) this.answer = { state: "answered", charted };
      },
      (error: unknown) => (this.answer = { state: "failed", failure: asFailure(error, "cc_core: chart") }),
    );
  }

  async #work(study: Study, selection: readonly string[], key: string): Promise<Charted> {
    await this.#prepared;
    const prepared = this.#known.get(key);
    if (prepared) return prepared;
    const models = study.models.map(({ id, parents, operation }) => ({ id, parents, operation }));
    const { result } = await this.#python.call<Charted>("chart", { models, selected: selection });
    this.#known.set(key, result);
    return result;
  }
}

function keyOf(models: readonly string[]): string {
  return JSON.stringify([...models].sort());
}
