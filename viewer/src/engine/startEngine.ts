// How both engines start: the worker is made first, its files are handed over as they arrive and are decoded and compiled while the
// others still load, and one progress figure covers them all.
import { decodeText, type RawAsset } from "../bundle/decode.ts";
import { BundleError } from "../bundle/bundleError.ts";
import { assetFileBytes, loadAsset, type Bundle } from "../bundle/load.ts";
import type { RuntimeRecord } from "../bundle/types.gen.ts";
import { asFailure } from "../failure.ts";
import { Connection, WorkerFault } from "./connection.ts";
import { EngineError } from "./engineError.ts";
import { spawnWorker } from "./spawn.ts";
import type { EngineStatus } from "./status.ts";

export interface Recipe<Body, Name extends string> {
  /** "Python", "ONNX Runtime": for messages. */
  readonly name: string;
  /** What the progress bar says is loading. */
  readonly loading: string;
  /** Asset id of the classic script that the worker's own code is appended to. */
  readonly library: string;
  /** A line to run before the library. */
  readonly prelude: string;
  readonly workerText: string;
  /** Asset ids by the worker's name for them, in the order of need. */
  readonly assets: Readonly<Record<Name, string>>;
  /** Asked at once; answered when the engine is ready. */
  readonly start: (runtime: RuntimeRecord) => Body;
  readonly asset: (name: Name, raw: RawAsset) => Body;
}

/** A connection to an engine that is ready. `report` hears of every step, and of the engine's end. */
export async function startEngine<Body, Result, Name extends string>(
  bundle: Bundle,
  recipe: Recipe<Body, Name>,
  report: (status: EngineStatus) => void,
  signal: AbortSignal,
): Promise<Connection<Body, Result>> {
  const begun = performance.now();
  const { runtime } = bundle.manifest;
  const worker = handled(spawned<Body, Result, Name>(bundle, recipe, runtime, signal));
  try {
    await deliverAssets(bundle, recipe, worker, report, signal);
    const { connection, started } = await worker;
    await started;
    connection.onClose = () => report({ state: "idle" });
    report({ state: "ready", versions: runtime?.versions ?? {}, milliseconds: performance.now() - begun });
    return connection;
  } catch (cause) {
    const error = cause instanceof WorkerFault ? new EngineError(`${recipe.name} could not be started.`, "runtime/", cause.wire) : cause;
    handled(worker.then(({ connection }) => connection.close(error)));
    report(signal.aborted ? { state: "idle" } : { state: "failed", failure: asFailure(error, recipe.name) });
    throw error;
  }
}

interface Spawned<Body, Result> {
  readonly connection: Connection<Body, Result>;
  /** Settles when the engine is ready, which takes all its assets. */
  readonly started: Promise<Result>;
}

async function spawned<Body, Result, Name extends string>(
  bundle: Bundle,
  { name, library, prelude, workerText, start }: Recipe<Body, Name>,
  runtime: RuntimeRecord | null,
  signal: AbortSignal,
): Promise<Spawned<Body, Result>> {
  // A site may have been exported without its engines.
  if (!runtime) throw new BundleError("unlisted", "runtime/");
  const text = await decodeText(await loadAsset(bundle, library, { signal }));
  signal.throwIfAborted();
  const connection = new Connection<Body, Result>(spawnWorker(name, [prelude, text, workerText]));
  signal.addEventListener("abort", () => connection.close(signal.reason), { once: true });
  return { connection, started: handled(connection.ask(start(runtime))) };
}

async function deliverAssets<Body, Result, Name extends string>(
  bundle: Bundle,
  { loading, assets, asset }: Recipe<Body, Name>,
  worker: Promise<Spawned<Body, Result>>,
  report: (status: EngineStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const names = Object.keys(assets) as Name[];
  const total = names.reduce((sum, name) => sum + assetFileBytes(bundle, assets[name]), 0);
  const loadedOf = new Map<Name, number>();
  const deliver = async (name: Name): Promise<{ decoded: Promise<unknown> }> => {
    const onProgress = ({ loaded }: { loaded: number }) => {
      loadedOf.set(name, loaded);
      report({ state: "loading", asset: loading, loaded: [...loadedOf.values()].reduce((a, b) => a + b, 0), total });
    };
    const raw = await loadAsset(bundle, assets[name], { onProgress, signal });
    const { connection } = await worker;
    return { decoded: handled(connection.ask(asset(name, raw))) };
  };
  const delivered = await Promise.all(names.map(deliver));
  report({ state: "starting" });
  await Promise.all(delivered.map(({ decoded }) => decoded));
}

/** The promise, marked as looked after: it is awaited later, and until then its failure is not "unhandled". */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
