// "Only the newest answer lands": while the reader drags a slider, questions overtake each other.

/** Why a question is given up when a newer one of the same kind was asked. */
export class Superseded extends Error {
  override readonly name = "Superseded";
  constructor() {
    super("A newer question took its place.");
  }
}

/**
 * A function that runs tasks of which only the newest counts: starting one aborts the signal of the one before, whose promise
 * resolves to undefined whatever becomes of it.
 */
export function newestOnly(): <T>(task: (signal: AbortSignal) => Promise<T>) => Promise<T | undefined> {
  let current: AbortController | undefined;
  return async (task) => {
    current?.abort(new Superseded());
    const mine = new AbortController();
    current = mine;
    try {
      const result = await task(mine.signal);
      return mine.signal.aborted ? undefined : result;
    } catch (error) {
      if (mine.signal.aborted) return undefined;
      throw error;
    }
  };
}
