// What an engine is doing, for progress bars. The shape of Observable is Svelte's store contract, so `fromStore(status)` works.
import type { Failure } from "../failure.ts";

export type EngineStatus =
  | { readonly state: "idle" }
  /** `asset` names in words what is loading; bytes are those of files. */
  | { readonly state: "loading"; readonly asset: string; readonly loaded: number; readonly total: number }
  | { readonly state: "starting" }
  /** `milliseconds` is the time from the first call to readiness. */
  | { readonly state: "ready"; readonly versions: Readonly<Record<string, string>>; readonly milliseconds: number }
  | { readonly state: "failed"; readonly failure: Failure };

export interface Observable<T> {
  get(): T;
  /** Calls back at once and after each change. Returns what ends it. */
  subscribe(listener: (value: T) => void): () => void;
}

export interface Settable<T> extends Observable<T> {
  set(value: T): void;
}

export function observable<T>(initial: T): Settable<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(value);
      return () => listeners.delete(listener);
    },
  };
}
