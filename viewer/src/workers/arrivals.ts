// The assets that are on their way into a worker.
import { ArrivingAsset } from "../bundle/decode.ts";
import type { AssetPart } from "../engine/contract.ts";

/**
 * A function that takes parts in.
 * @param begin called with an asset's first part: starts to read the asset, and settles when it is decoded
 */
export function arrivals(begin: (id: string, asset: ArrivingAsset) => Promise<unknown>): (part: AssetPart) => Promise<void> {
  const underway = new Map<string, { asset: ArrivingAsset; decoded: Promise<unknown> }>();
  return async ({ head, text, first, last }) => {
    if (first) {
      // A first part where others were before means that an earlier attempt was given up.
      const asset = new ArrivingAsset(head);
      const decoded = begin(head.id, asset);
      decoded.catch(() => undefined); // told in the answer to the last part
      underway.set(head.id, { asset, decoded });
    }
    const arriving = underway.get(head.id);
    if (!arriving) throw new Error(`a part of ${head.id} came without the first one`);
    arriving.asset.add(text);
    if (!last) return;
    underway.delete(head.id);
    arriving.asset.end();
    await arriving.decoded;
  };
}
