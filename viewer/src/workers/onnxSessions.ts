// Models and the sessions made from them. A session holds its weights a second time, so both are kept within a budget.
import { ByteCache } from "./byteCache.ts";
import { exposeSuffix, graphOutputs } from "./onnxSuffix.ts";

/** WebAssembly memory ends at 4 GiB and never shrinks; half a gigabyte of models leaves room for activations. */
const BUDGET = 512 * 1024 * 1024;

/** Log level 3 is errors only: warnings about a model's initializers are no news to the reader of a page. */
export const SESSION_OPTIONS = { executionProviders: ["wasm"], logSeverityLevel: 3 } as const;

interface Entry {
  readonly model: string;
  readonly session: Promise<ort.InferenceSession>;
}

export class OnnxSessions {
  readonly #models = new ByteCache<Uint8Array<ArrayBuffer>>(BUDGET);
  readonly #sessions = new ByteCache<Entry>(BUDGET, ({ session }) => void release(session));

  has(model: string): boolean {
    return this.#models.get(model) !== undefined;
  }

  add(model: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#models.set(model, bytes, bytes.length);
  }

  /** The session of a model with some intermediate tensors as outputs. */
  async get(model: string, expose: readonly string[]): Promise<ort.InferenceSession> {
    const bytes = this.#models.get(model);
    if (!bytes) throw new Error(`no model ${model} in the worker`);
    const key = JSON.stringify([model, ...[...new Set(expose)].sort()]);
    const known = this.#sessions.get(key);
    if (known) return known.session;
    const session = createSession(bytes, expose);
    this.#sessions.set(key, { model, session }, bytes.length);
    session.catch(() => this.#sessions.delete(key));
    return session;
  }

  release(model: string): void {
    this.#models.delete(model);
    this.#sessions.deleteWhere((entry) => entry.model === model);
  }
}

async function createSession(model: Uint8Array<ArrayBuffer>, expose: readonly string[]): Promise<ort.InferenceSession> {
  const own = expose.length > 0 ? new Set(graphOutputs(model)) : new Set<string>();
  const suffix = exposeSuffix([...new Set(expose)].filter((name) => !own.has(name)));
  const bytes = suffix.length === 0 ? model : joined(model, suffix);
  return ort.InferenceSession.create(bytes, SESSION_OPTIONS);
}

async function release(session: Promise<ort.InferenceSession>): Promise<void> {
  try {
    await (await session).release();
  } catch {
    // It never came to be, which whoever asked for it has been told.
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
