/** Values by key up to a total size; the one used longest ago goes first. */
export class ByteCache<T> {
  // A Map keeps the order of insertion; using an entry moves it to the end.
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  readonly #limit: number;
  readonly #dispose: (value: T) => void;
  #bytes = 0;

  /** @param dispose frees what a value holds when it is dropped */
  constructor(limit: number, dispose: (value: T) => void = () => undefined) {
    this.#limit = limit;
    this.#dispose = dispose;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** A value larger than the limit is kept too, alone: it is wanted now. */
  set(key: string, value: T, bytes: number): void {
    this.delete(key);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= this.#limit) break;
      this.delete(oldest);
    }
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    this.#dispose(entry.value);
  }

  /** Drops the values of which the test is true. */
  deleteWhere(test: (value: T) => boolean): void {
    for (const [key, { value }] of [...this.#entries]) if (test(value)) this.delete(key);
  }
}
