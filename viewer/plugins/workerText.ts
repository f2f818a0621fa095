// "virtual:worker-text/<file>": a module of src/workers/, bundled into one classic script, as a string to build a Blob from.
import { resolve } from "node:path";
import { build, type Plugin, type Rolldown } from "vite";

const PREFIX = "virtual:worker-text/";

export function workerText(folder: string): Plugin {
  return {
    name: "cc-worker-text",
    resolveId(id) {
      return id.startsWith(PREFIX) ? `\0${id}` : undefined;
    },
    async load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const entry = resolve(folder, id.slice(PREFIX.length + 1));
      const { code, modules } = await bundled(entry);
      for (const module of modules) this.addWatchFile(module);
      return `export default ${JSON.stringify(code)};`;
    },
  };
}

async function bundled(entry: string): Promise<{ code: string; modules: string[] }> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: true,
      // An IIFE, because a Blob worker on a file:// page is a classic script; its name is never read.
      lib: { entry, formats: ["iife"], name: "worker" },
    },
  })) as Rolldown.RolldownOutput[];
  const chunk = output[0]!.output[0];
  return { code: chunk.code, modules: chunk.moduleIds.filter((module) => !module.startsWith("\0")) };
}
