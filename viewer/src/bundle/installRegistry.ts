// The bundle of this page: makes the global `cc` that chunk files call. Imported and called once, by main.ts, as the page's first
// act: the chunk scripts of index.html run right after viewer.js.
import { loadScript } from "./loadScript.ts";
import { ChunkRegistry } from "./registry.ts";

declare global {
  interface Window {
    cc?: { readonly chunk: ChunkRegistry["chunk"] };
  }
}

export function installRegistry(): ChunkRegistry {
  const registry = new ChunkRegistry(loadScript);
  window.cc = { chunk: registry.chunk };
  return registry;
}
