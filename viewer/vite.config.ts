import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { page } from "./plugins/page.ts";
import { workerText } from "./plugins/workerText.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // Relative, so that the site works in any folder and under any path.
  base: "./",
  publicDir: false,
  plugins: [svelte({ configFile: false }), workerText(here("src/workers")), page(here("page.html"))],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    cssCodeSplit: false,
    modulePreload: false,
    // Pictures and such become data: URLs; the site is three files and chunks.
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: {
      input: here("src/main.ts"),
      output: {
        // One classic script: a file:// page may run no modules.
        format: "iife",
        entryFileNames: "viewer.js",
        assetFileNames: "viewer[extname]",
      },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
  },
});
