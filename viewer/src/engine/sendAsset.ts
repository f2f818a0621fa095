// An asset on its way into a worker, part by part: each is copied, decoded and forgotten before the next, so that the page never
// stands still over a large model and never holds the whole of it.
import { assetHead, streamAsset, type Bundle, type LoadOptions } from "../bundle/load.ts";
import type { Connection } from "./connection.ts";
import type { AssetPart } from "./contract.ts";

/**
 * Resolves when all files are loaded; what it gives settles when the worker has decoded them.
 * @param connection may still be starting: loading does not wait for it
 */
export async function sendAsset<Result>(
  bundle: Bundle,
  assetId: string,
  connection: Promise<Connection<AssetPart, Result>>,
  options: LoadOptions,
): Promise<{ readonly decoded: Promise<unknown> }> {
  const { bytes, encoding } = assetHead(bundle, assetId);
  const head = { id: assetId, bytes, encoding };
  let decoded: Promise<unknown> = Promise.resolve();
  let first = true;
  const deliver = async (text: string, last: boolean): Promise<void> => {
    const answer = (await connection).ask({ kind: "part", head, text, first, last });
    first = false;
    if (!last) return void (await answer);
    decoded = answer;
    decoded.catch(() => undefined); // the caller awaits it after the other assets
  };
  await streamAsset(bundle, assetId, deliver, options);
  return { decoded };
}
