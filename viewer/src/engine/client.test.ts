import { describe, expect, test } from "vitest";
import { EngineClient } from "./client.ts";
import { Connection, WorkerFault, type WorkerPort } from "./connection.ts";
import type { Question } from "./contract.ts";
import { newestOnly, Superseded } from "./newest.ts";

/** A worker that answers when the test says so. */
class FakeWorker implements WorkerPort {
  onmessage: WorkerPort["onmessage"] = null;
  onerror: WorkerPort["onerror"] = null;
  onmessageerror: WorkerPort["onmessageerror"] = null;
  readonly asked: Question<string>[] = [];
  terminated = false;

  postMessage(message: unknown): void {
    this.asked.push(message as Question<string>);
  }

  terminate(): void {
    this.terminated = true;
  }

  answer(result: string, question = this.asked.at(-1)!): void {
    this.onmessage?.({ data: { id: question.id, ok: true, result } } as MessageEvent);
  }

  refuse(message: string, fatal = false): void {
    const error = { name: "ValueError", message, detail: "traceback", fatal };
    this.onmessage?.({ data: { id: this.asked.at(-1)!.id, ok: false, error } } as MessageEvent);
  }
}

function fakeEngine(failures: Error[] = []): { workers: FakeWorker[]; client: EngineClient<string, string> } {
  const workers: FakeWorker[] = [];
  const client = new EngineClient<string, string>(async () => {
    const failure = failures.shift();
    if (failure) throw failure;
    workers.push(new FakeWorker());
    return new Connection<string, string>(workers.at(-1)!);
  });
  return { workers, client };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const asks = (body: string) => (connection: Connection<string, string>) => connection.ask(body);

describe("an engine's client", () => {
  test("asks a worker that is there at once, so that the page draws while it works", async () => {
    const { workers, client } = fakeEngine();
    await client.warm();
    const done = client.run(asks("a"));
    expect(workers[0]!.asked.map(({ body }) => body)).toEqual(["a"]);
    workers[0]!.answer("A");
    expect(await done).toBe("A");
  });

  test("starts the worker with the first job, and only one", async () => {
    const { workers, client } = fakeEngine();
    expect(workers).toHaveLength(0);
    const [a, b] = [client.run(asks("a")), client.run(asks("b"))];
    await settled();
    expect(workers).toHaveLength(1);
    expect(workers[0]!.asked.map(({ body }) => body)).toEqual(["a"]);
    workers[0]!.answer("A");
    await settled();
    workers[0]!.answer("B");
    expect(await Promise.all([a, b])).toEqual(["A", "B"]);
  });

  test("rejects with the worker's error and goes on with the same worker", async () => {
    const { workers, client } = fakeEngine();
    const a = client.run(asks("a"));
    await settled();
    workers[0]!.refuse("no such model");
    await expect(a).rejects.toMatchObject({ message: "no such model", wire: { name: "ValueError", detail: "traceback" } });
    const b = client.run(asks("b"));
    await settled();
    workers[0]!.answer("B");
    expect(await b).toBe("B");
  });

  test("replaces a worker that cannot go on", async () => {
    const { workers, client } = fakeEngine();
    const a = client.run(asks("a"));
    await settled();
    workers[0]!.refuse("out of memory", true);
    await expect(a).rejects.toBeInstanceOf(WorkerFault);
    expect(workers[0]!.terminated).toBe(true);
    const b = client.run(asks("b"));
    await settled();
    workers[1]!.answer("B");
    expect(await b).toBe("B");
  });

  test("rejects what is open when the worker dies", async () => {
    const { workers, client } = fakeEngine();
    const a = client.run(asks("a"));
    await settled();
    workers[0]!.onerror?.({ message: "crashed" } as ErrorEvent);
    await expect(a).rejects.toThrow("crashed");
  });

  test("a cancelled job that waits leaves the queue; the worker lives", async () => {
    const { workers, client } = fakeEngine();
    const cancel = new AbortController();
    const [a, b, c] = [client.run(asks("a")), client.run(asks("b"), cancel.signal), client.run(asks("c"))];
    await settled();
    cancel.abort(new Error("cancelled"));
    await expect(b).rejects.toThrow("cancelled");
    workers[0]!.answer("A");
    await settled();
    workers[0]!.answer("C");
    expect(await Promise.all([a, c])).toEqual(["A", "C"]);
    expect(workers).toHaveLength(1);
  });

  test("cancelling the job that runs replaces the worker, and the next job runs in the new one", async () => {
    const { workers, client } = fakeEngine();
    const cancel = new AbortController();
    const [a, b] = [client.run(asks("a"), cancel.signal), client.run(asks("b"))];
    await settled();
    cancel.abort(new Error("cancelled"));
    await expect(a).rejects.toThrow("cancelled");
    expect(workers[0]!.terminated).toBe(true);
    await settled();
    expect(workers[1]!.asked.map(({ body }) => body)).toEqual(["b"]);
    workers[1]!.answer("B");
    expect(await b).toBe("B");
  });

  test("a job that is superseded while it runs is let run to its end, for nobody", async () => {
    const { workers, client } = fakeEngine();
    const cancel = new AbortController();
    const [a, b] = [client.run(asks("a"), cancel.signal), client.run(asks("b"))];
    await settled();
    cancel.abort(new Superseded());
    await expect(a).rejects.toBeInstanceOf(Superseded);
    expect(workers[0]!.terminated).toBe(false);
    workers[0]!.answer("A");
    await settled();
    workers[0]!.answer("B");
    expect(await b).toBe("B");
  });

  test("a cancel that comes after the answer harms nobody", async () => {
    const { workers, client } = fakeEngine();
    const cancel = new AbortController();
    const a = client.run(asks("a"), cancel.signal);
    await settled();
    workers[0]!.answer("A");
    await a;
    cancel.abort(new Error("late"));
    expect(workers[0]!.terminated).toBe(false);
  });

  test("a broken start rejects all that wait, once, and the next job tries again", async () => {
    const { workers, client } = fakeEngine([new Error("a file is missing")]);
    const [a, b] = [client.run(asks("a")), client.run(asks("b"))];
    await expect(a).rejects.toThrow("a file is missing");
    await expect(b).rejects.toThrow("a file is missing");
    const c = client.run(asks("c"));
    await settled();
    workers[0]!.answer("C");
    expect(await c).toBe("C");
  });

  test("stop() ends the worker and all jobs", async () => {
    const { workers, client } = fakeEngine();
    const [a, b] = [client.run(asks("a")), client.run(asks("b"))];
    await settled();
    client.stop(new Error("stopped"));
    await expect(a).rejects.toThrow("stopped");
    await expect(b).rejects.toThrow("stopped");
    expect(workers[0]!.terminated).toBe(true);
  });

  test("stop() during the start gives the start up", async () => {
    const client = new EngineClient<string, string>(
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    );
    const a = client.run(asks("a"));
    await settled();
    client.stop(new Error("stopped"));
    await expect(a).rejects.toThrow("stopped");
  });
});

describe("only the newest answer lands", () => {
  test("an older answer that comes later resolves to undefined", async () => {
    const newest = newestOnly();
    let answerFirst!: (value: string) => void;
    const first = newest(() => new Promise<string>((resolve) => (answerFirst = resolve)));
    const second = newest(async () => "second");
    expect(await second).toBe("second");
    answerFirst("first");
    expect(await first).toBeUndefined();
  });

  test("the older task is told, and its failure is no news", async () => {
    const newest = newestOnly();
    const first = newest((signal) => new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))));
    expect(await newest(async () => "second")).toBe("second");
    expect(await first).toBeUndefined();
  });

  test("the newest task's failure is", async () => {
    await expect(newestOnly()(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});
