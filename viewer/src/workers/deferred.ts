/** Promises for values that arrive by message, one for each name. */
export function deferredByName<Name extends string, T>(): (name: Name) => PromiseWithResolvers<T> {
  const all = new Map<Name, PromiseWithResolvers<T>>();
  return (name) => {
    let deferred = all.get(name);
    if (!deferred) {
      let resolve!: (value: T | PromiseLike<T>) => void;
      let reject!: (reason: unknown) => void;
      // Promise.withResolvers is newer than some browsers this page is to open in.
      const promise = new Promise<T>((onValue, onReason) => ((resolve = onValue), (reject = onReason)));
      deferred = { promise, resolve, reject };
      all.set(name, deferred);
    }
    return deferred;
  };
}
