// The part of Pyodide that the worker uses; runtime/pyodide.js stands before it in the same Blob and defines these globals.

interface PyProxy {
  (...args: unknown[]): unknown;
  get(key: unknown): unknown;
  toJs(): unknown;
  destroy(): void;
}

interface PyodideFileSystem {
  mkdirTree(path: string): void;
  writeFile(path: string, content: Uint8Array, options?: { canOwn?: boolean }): void;
}

/** The parts of Emscripten's dynamic linker that its plugin for preloaded files uses. */
interface EmscriptenModule {
  readonly preloadedWasm: Record<string, unknown>;
  loadWebAssemblyModule(
    binary: WebAssembly.Module,
    flags: { loadAsync: true; nodelete: true },
    path: string,
    localScope: Record<string, unknown>,
  ): Promise<unknown>;
}

interface Pyodide {
  readonly _module: EmscriptenModule;
  readonly globals: PyProxy;
  runPython(code: string, options?: { filename?: string }): unknown;
  toPy(value: unknown): PyProxy;
}

interface PyodideOptions {
  indexURL: string;
  packageBaseUrl: string;
  createPyodideModule: unknown;
  lockFileContents: string;
  env: Record<string, string>;
  stdout: (line: string) => void;
  stderr: (line: string) => void;
  fsInit: (files: PyodideFileSystem, info: { sitePackages: string }) => Promise<void>;
}

/** The Emscripten module's factory, which Pyodide would otherwise import. */
declare const pyodideModule: Promise<unknown>;

declare function loadPyodide(options: PyodideOptions): Promise<Pyodide>;
