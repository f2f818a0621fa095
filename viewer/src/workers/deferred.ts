/** A promise and what settles it: for values that arrive by message. (Promise.withResolvers is newer than some browsers in use.) */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T | PromiseLike<T>) => void;
  const promise = new Promise<T>((onValue) => (resolve = onValue));
  promise.catch(() => undefined); // whoever waits for it hears of a failure; that nobody waits yet is no failure
  return { promise, resolve };
}

/** Settles it as the promise does, which is given back. */
export function settle<T>({ resolve }: Deferred<T>, promise: Promise<T>): Promise<T> {
  resolve(promise);
  return promise;
}
