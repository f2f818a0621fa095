// A worker as a service: it is started when first needed, works one job at a time, and is replaced when a job is cancelled.
import { abortable } from "../bundle/abortable.ts";
import { Connection } from "./connection.ts";
import { Superseded } from "./newest.ts";

/** Makes a worker that is ready for work. Aborting the signal gives the start up. */
export type Start<Body, Result> = (signal: AbortSignal) => Promise<Connection<Body, Result>>;

interface Job<Body, Result> {
  readonly work: (connection: Connection<Body, Result>) => Promise<unknown>;
  readonly signal: AbortSignal | undefined;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * Jobs wait in a queue on this side, because a worker in the middle of a computation hears nothing: a job that is cancelled while it
 * waits just leaves the queue, and only cancelling the one that runs costs a new worker.
 */
export class EngineClient<Body, Result> {
  readonly #start: Start<Body, Result>;
  readonly #queue: Job<Body, Result>[] = [];
  /** The job whose work is under way in the worker. */
  #working: Job<Body, Result> | undefined;
  #connection: Connection<Body, Result> | undefined;
  #starting: { readonly promise: Promise<Connection<Body, Result>>; readonly controller: AbortController } | undefined;
  #serving = false;

  constructor(start: Start<Body, Result>) {
    this.#start = start;
  }

  /** Starts the worker ahead of the first job. */
  async warm(): Promise<void> {
    await this.#ready();
  }

  /**
   * Does some work with the worker to itself.
   * @param signal ends the wait; if the work has begun, the worker is replaced, unless the reason is `Superseded`: then the worker
   *   finishes for nobody, which is cheaper than starting another
   */
  run<T>(work: (connection: Connection<Body, Result>) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const job: Job<Body, Result> = { work, signal, resolve: resolve as (value: unknown) => void, reject };
      signal?.addEventListener("abort", () => this.#cancel(job), { once: true });
      this.#queue.push(job);
      void this.#serve();
    });
  }

  /** Ends the worker, the job that runs and those that wait. The next job starts a new worker. */
  stop(reason: unknown): void {
    this.#rejectWaiting(reason);
    this.#starting?.controller.abort(reason);
    this.#connection?.close(reason);
  }

  #cancel(job: Job<Body, Result>): void {
    const reason: unknown = job.signal?.reason;
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    if (job === this.#working && !(reason instanceof Superseded)) this.#connection?.close(reason);
    // A start goes on for the next job: it has cost too much to be thrown away.
    job.reject(reason);
  }

  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      try {
        // A worker that is there is asked at once, before whoever asked draws anything.
        const connection = this.#open ?? (await abortable(this.#ready(), job.signal));
        this.#working = job;
        job.resolve(await job.work(connection));
      } catch (error) {
        job.reject(error);
        // Those that wait would each fail at the same broken start, one after the other.
        if (!this.#connection && !this.#starting) this.#rejectWaiting(error);
      } finally {
        this.#working = undefined;
      }
    }
    this.#serving = false;
  }

  get #open(): Connection<Body, Result> | undefined {
    return this.#connection?.closed === false ? this.#connection : undefined;
  }

  #ready(): Promise<Connection<Body, Result>> {
    if (this.#open) return Promise.resolve(this.#open);
    if (this.#starting) return this.#starting.promise;
    this.#connection = undefined;
    const controller = new AbortController();
    const promise = this.#start(controller.signal)
      .then((connection) => (this.#connection = connection))
      .finally(() => (this.#starting = undefined));
    this.#starting = { promise, controller };
    return promise;
  }

  #rejectWaiting(reason: unknown): void {
    for (const job of this.#queue.splice(0)) job.reject(reason);
  }
}
