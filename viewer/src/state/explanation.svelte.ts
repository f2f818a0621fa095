// What differs among the selected models: asked of cc_core in the worker, newest question wins, answers kept by selection.

import type { Explanation } from "../engine/answers.gen.ts";
import { newestOnly } from "../engine/newest.ts";
import type { PythonEngine } from "../engine/python.ts";
import { asFailure, type Failure } from "../failure.ts";
import type { Study } from "../study/study.ts";

export type Answer =
  | { readonly state: "none" }
  | { readonly state: "asked" }
  | { readonly state: "answered"; readonly explanation: Explanation }
  | { readonly state: "failed"; readonly failure: Failure };

export class ExplanationState {
  /** The answer for the current selection, or how far it is. */
  answer: Answer = $state.raw({ state: "none" });

  readonly #python: PythonEngine;
  readonly #newest = newestOnly();
  readonly #known = new Map<string, Explanation>();

  constructor(python: PythonEngine) {
    this.#python = python;
  }

  /** Asks what differs among the models; one model or none differs in nothing. */
  ask(study: Study, selection: readonly string[]): void {
    if (selection.length < 2) {
      this.answer = { state: "none" };
      void this.#newest(() => Promise.resolve());
      return;
    }
    const key = JSON.stringify([...selection].sort());
    const known = this.#known.get(key);
    if (known) {
      this.answer = { state: "answered", explanation: known };
      void this.#newest(() => Promise.resolve());
      return;
    }
    this.answer = { state: "asked" };
    const models = study.models.map(({ id, parents, operation }) => ({ id, parents, operation }));
    // An overtaken question is left to finish: it takes milliseconds, and stopping it would restart Python.
    this.#newest(() => this.#python.call<Explanation>("explain", { models, selected: selection })).then(
      (answered) => {
        if (!answered) return;
        this.#known.set(key, answered.result);
        this.answer = { state: "answered", explanation: answered.result };
      },
      (error: unknown) => (this.answer = { state: "failed", failure: asFailure(error, "cc_core: explain") }),
    );
  }
}
