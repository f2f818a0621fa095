// Questions and answers over one worker. Errors in the worker reject; a worker that dies rejects all that is open.
import type { Answer, Question, WireError } from "./contract.ts";

/** The part of a Worker that is used, so that a test can play one. */
export interface WorkerPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  onmessageerror: ((event: MessageEvent) => void) | null;
}

/** Rejects a question whose worker answered with an error. */
export class WorkerFault extends Error {
  override readonly name = "WorkerFault";
  constructor(readonly wire: WireError) {
    super(wire.message);
  }
}

interface Open<Result> {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

export class Connection<Body, Result> {
  readonly #port: WorkerPort;
  readonly #open = new Map<number, Open<Result>>();
  #lastId = 0;
  #closed: { readonly reason: unknown } | undefined;
  /** Called once, when the worker has ended. */
  onClose: (() => void) | undefined;

  constructor(port: WorkerPort) {
    this.#port = port;
    port.onmessage = (event) => this.#settle(event.data as Answer<Result>);
    port.onerror = (event) => {
      // The reason is on its way to whoever asked: the console needs no copy.
      event.preventDefault?.();
      this.close(new WorkerFault({ name: "Error", message: event.message || "The worker stopped.", detail: "", fatal: true }));
    };
    port.onmessageerror = () =>
      this.close(new WorkerFault({ name: "Error", message: "The worker's answer could not be received.", detail: "", fatal: true }));
  }

  /** True when nothing can be asked any more. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  ask(body: Body): Promise<Result> {
    if (this.#closed) return Promise.reject(this.#closed.reason as Error);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#port.postMessage({ id, body } satisfies Question<Body>);
    });
  }

  /** Ends the worker; what it has not answered is rejected with the reason. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#port.terminate();
    for (const { reject } of this.#open.values()) reject(reason);
    this.#open.clear();
    this.onClose?.();
  }

  #settle(answer: Answer<Result>): void {
    const open = this.#open.get(answer.id);
    if (!open) return;
    this.#open.delete(answer.id);
    if (answer.ok) return open.resolve(answer.result);
    const fault = new WorkerFault(answer.error);
    open.reject(fault);
    if (answer.error.fatal) this.close(fault);
  }
}
