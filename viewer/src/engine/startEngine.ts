// How both engines start: the worker is made first, its files are handed over as they arrive and are decoded and compiled while the
// others still load, and one progress figure covers them all.
import { decodeText } from "../bundle/decode.ts";
import { BundleError } from "../bundle/bundleError.ts";
import { assetFileBytes, loadAsset, type Bundle, type Progress } from "../bundle/load.ts";
import type { RuntimeRecord } from "../bundle/types.gen.ts";
import { asFailure } from "../failure.ts";
import { Connection, WorkerFault } from "./connection.ts";
import type { AssetPart } from "./contract.ts";
import { EngineError } from "./engineError.ts";
import { sendAsset } from "./sendAsset.ts";
import { spawnWorker } from "./spawn.ts";
import type { EngineStatus } from "./status.ts";

export interface Recipe<Body> {
  /** "Python", "ONNX Runtime": for messages. */
  readonly name: string;
  /** What the progress bar says is loading. */
  readonly loading: string;
  /** Asset id of the classic script that the worker's own code is appended to. */
  readonly library: string;
  /** A line to run before the library. */
  readonly prelude: string;
  readonly workerText: string;
  /** Ids of the other assets, in the order of need. */
  readonly assets: readonly string[];
  /** Asked at once; answered when the engine is ready. */
  readonly start: (runtime: RuntimeRecord) => Body;
}

/** A connection to an engine that is ready. `report` hears of every step, and of the engine's end. */
export async function startEngine<Body, Result>(
  bundle: Bundle,
  recipe: Recipe<Body>,
  report: (status: EngineStatus) => void,
  signal: AbortSignal,
): Promise<Connection<Body | AssetPart, Result>> {
  const begun = performance.now();
  const { runtime } = bundle.manifest;
  const progressOf = meter(bundle, recipe, report);
  const worker = handled(spawned<Body, Result>(bundle, recipe, runtime, progressOf, signal));
  try {
    await deliverAssets(bundle, recipe, worker, progressOf, report, signal);
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
  readonly connection: Connection<Body | AssetPart, Result>;
  /** Settles when the engine is ready, which takes all its assets. */
  readonly started: Promise<Result>;
}

async function spawned<Body, Result>(
  bundle: Bundle,
  { name, library, prelude, workerText, start }: Recipe<Body>,
  runtime: RuntimeRecord | null,
  progressOf: Meter,
  signal: AbortSignal,
): Promise<Spawned<Body, Result>> {
  // A site may have been exported without its engines.
  if (!runtime) throw new BundleError("unlisted", "runtime/");
  const text = await decodeText(await loadAsset(bundle, library, { onProgress: progressOf(library), signal }));
  signal.throwIfAborted();
  const connection = new Connection<Body | AssetPart, Result>(spawnWorker(name, [prelude, text, workerText]));
  signal.addEventListener("abort", () => connection.close(signal.reason), { once: true });
  return { connection, started: handled(connection.ask(start(runtime))) };
}

async function deliverAssets<Body, Result>(
  bundle: Bundle,
  { assets }: Recipe<Body>,
  worker: Promise<Spawned<Body, Result>>,
  progressOf: Meter,
  report: (status: EngineStatus) => void,
  signal: AbortSignal,
): Promise<void> {
  const connection = handled(worker.then((made) => made.connection));
  const delivered = await Promise.all(assets.map((id) => sendAsset(bundle, id, connection, { onProgress: progressOf(id), signal })));
  report({ state: "starting" });
  await Promise.all(delivered.map(({ decoded }) => decoded));
}

/** What hears of the progress of an asset. */
type Meter = (id: string) => (progress: Progress) => void;

/** Reports the progress of everything that a recipe loads, the library included, as one figure. */
function meter<Body>(bundle: Bundle, { loading, library, assets }: Recipe<Body>, report: (status: EngineStatus) => void): Meter {
  const total = [library, ...assets].reduce((sum, id) => sum + assetFileBytes(bundle, id), 0);
  const loadedOf = new Map<string, number>();
  return (id) =>
    ({ loaded }) => {
      loadedOf.set(id, loaded);
      report({ state: "loading", asset: loading, loaded: [...loadedOf.values()].reduce((a, b) => a + b, 0), total });
    };
}

/** The promise, marked as looked after: it is awaited later, and until then its failure is not "unhandled". */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
