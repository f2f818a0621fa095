// numpy and cc_core, from their archives into Python's site-packages.
import { storedFiles } from "./unzip.ts";

/** An extension module that is being compiled, by its path below site-packages. */
export type Libraries = ReadonlyMap<string, Promise<WebAssembly.Module>>;

/** Compiles an archive's extension modules in the background, while Python starts; on import it would wait for each. */
export function compileLibraries(archive: Uint8Array<ArrayBuffer>): Libraries {
  const libraries = new Map<string, Promise<WebAssembly.Module>>();
  for (const [path, content] of storedFiles(archive)) {
    if (!path.endsWith(".so")) continue;
    const compiled = WebAssembly.compile(content);
    compiled.catch(() => undefined); // awaited in link(); until then a failure is not unhandled
    libraries.set(path, compiled);
  }
  return libraries;
}

/** Puts an archive's files in place. */
export function install(files: PyodideFileSystem, sitePackages: string, archive: Uint8Array<ArrayBuffer>): void {
  const made = new Set<string>();
  for (const [path, content] of storedFiles(archive)) {
    const target = `${sitePackages}/${path}`;
    const parent = target.slice(0, target.lastIndexOf("/"));
    if (!made.has(parent)) files.mkdirTree(parent);
    made.add(parent);
    // The file system keeps the view into the archive instead of copying it.
    files.writeFile(target, content, { canOwn: true });
  }
}

/** Links what compileLibraries() compiled, as Emscripten's own plugin for preloaded files does; the next import finds it done. */
export async function link(module: EmscriptenModule, sitePackages: string, libraries: Libraries): Promise<void> {
  for (const [path, compiled] of libraries) {
    const target = `${sitePackages}/${path}`;
    module.preloadedWasm[target] = await module.loadWebAssemblyModule(await compiled, { loadAsync: true, nodelete: true }, target, {});
  }
}
