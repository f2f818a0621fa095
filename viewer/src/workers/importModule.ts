// Imports an ES module given as bytes. A file:// page may import no file, but a worker of it may import a URL that carries the module.
import { toBase64 } from "../bundle/decode.ts";

export async function importModule(bytes: Uint8Array<ArrayBuffer>): Promise<{ default: unknown }> {
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  try {
    // First, because Firefox takes a second longer over a data: URL of a megabyte.
    return (await import(/* @vite-ignore */ url)) as { default: unknown };
  } catch {
    // WebKit's workers take no blob: here.
    return (await import(/* @vite-ignore */ dataUrl(bytes))) as { default: unknown };
  } finally {
    URL.revokeObjectURL(url);
  }
}

export function dataUrl(bytes: Uint8Array): string {
  return `data:text/javascript;base64,${toBase64(bytes)}`;
}
