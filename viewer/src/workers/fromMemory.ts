// Pyodide and onnxruntime-web fetch their files by URL. In the worker every such request is answered from bytes that the page handed
// over; any other request fails, so nothing can leave the page.

/** Made for an address that exists nowhere: ".invalid" is reserved for that. */
export const BASE = "https://runtime.invalid/";

/**
 * @param wasm the engine's WebAssembly module; both engines have one
 * @param files the other files by name, as promises of their bytes
 */
export function answerFromMemory(wasm: Promise<WebAssembly.Module>, files: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>>>> = {}): void {
  self.fetch = async (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const name = url.startsWith(BASE) ? url.slice(BASE.length) : "";
    const read = files[name];
    if (read) return new Response(await read());
    // Its body is never read: see below.
    if (name.endsWith(".wasm")) return new Response(null);
    throw new TypeError(`The page makes no requests; something in the worker asked for ${url}`);
  };
  // A module that does not compile is reported by the asset's own answer, and the worker is replaced; the engines would only
  // write to the console, so they wait for ever.
  const compiled = wasm.catch(() => new Promise<never>(() => undefined));
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const module = await compiled;
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  };
}

/** Compiles a module while it is still being decoded. */
export function compileStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<WebAssembly.Module> {
  // The type is what a server would send; without it the browser refuses.
  return WebAssembly.compileStreaming(new Response(stream, { headers: { "content-type": "application/wasm" } }));
}
