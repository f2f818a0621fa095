// Writing the view into the address. Browsers refuse, or complain of, more than 100 writes in 10 seconds, and a brush makes more.

/** Each write waits until the one that was this many before it is this old, in milliseconds: clicks never wait, brushes do. */
const ALLOWED = { writes: 20, within: 4_000 };

export interface Address {
  /** Shows this hash in the address, at once or as soon as allowed; the newest wins. */
  write(hash: string): void;
  /** Writes what waits. */
  flush(): void;
  /** Forgets what waits, since the reader has written an address of their own. */
  drop(): void;
}

/** @param put writes one hash */
export function addressWriter(put: (hash: string) => void): Address {
  let waiting: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let written: readonly number[] = [];

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === null) return;
    const hash = waiting;
    waiting = null;
    written = [...written, performance.now()].slice(-ALLOWED.writes);
    put(hash);
  }

  return {
    write(hash) {
      waiting = hash;
      const first = written.length < ALLOWED.writes ? -Infinity : (written[0] ?? -Infinity);
      const pause = first + ALLOWED.within - performance.now();
      if (pause <= 0) flush();
      else timer ??= setTimeout(flush, pause);
    },
    flush,
    drop: () => (waiting = null),
  };
}
