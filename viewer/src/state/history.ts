// What undo and redo go through: views the reader has left, each a plain value. Changes of one gesture, such as the moves of a
// brush, are one step.

export interface History<T> {
  /** The newest last. */
  readonly past: readonly T[];
  /** The next one last. */
  readonly future: readonly T[];
  /** Of the change that led to the present; null when it stands alone. */
  readonly gesture: object | null;
}

/** More steps back than these nobody counts. */
const MOST = 200;

export const NO_HISTORY: History<never> = { past: [], future: [], gesture: null };

/**
 * After a change away from `before`: what had been undone is gone.
 * @param gesture the same object for all changes that are to be undone together
 */
export function record<T>(history: History<T>, before: T, gesture: object | null = null): History<T> {
  if (gesture !== null && gesture === history.gesture) return { ...history, future: [] };
  return { past: [...history.past, before].slice(-MOST), future: [], gesture };
}

/** After a change: a gesture that has come back to where it began, such as a drag out and back, leaves no step. */
export function withoutReturn<T>(history: History<T>, present: T, same: (a: T, b: T) => boolean): History<T> {
  const start = history.past.at(-1);
  if (history.gesture === null || start === undefined || !same(start, present)) return history;
  return { ...history, past: history.past.slice(0, -1), gesture: null };
}

/** One step back: the view to show and the history then; null at the beginning. */
export function undo<T>(history: History<T>, present: T): { readonly view: T; readonly history: History<T> } | null {
  const view = history.past.at(-1);
  if (view === undefined) return null;
  return { view, history: { past: history.past.slice(0, -1), future: [...history.future, present], gesture: null } };
}

/** One step forward again; null at the end. */
export function redo<T>(history: History<T>, present: T): { readonly view: T; readonly history: History<T> } | null {
  const view = history.future.at(-1);
  if (view === undefined) return null;
  return { view, history: { past: [...history.past, present], future: history.future.slice(0, -1), gesture: null } };
}
