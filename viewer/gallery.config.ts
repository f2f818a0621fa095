// `npm run gallery`: dist-gallery/index.html, one page with every panel in every state, to be opened from the disk.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { workerText } from "./plugins/workerText.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Gallery</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="gallery.css">
    <script defer src="gallery.js"></script>
  </head>
  <body><div id="app"></div></body>
</html>
`;

const page: Plugin = {
  name: "cc-gallery",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "index.html", source: PAGE });
  },
};

export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [svelte({ configFile: false }), workerText(here("src/workers")), page],
  build: {
    outDir: "dist-gallery",
    emptyOutDir: true,
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: {
      input: here("src/gallery/main.ts"),
      output: { format: "iife", entryFileNames: "gallery.js", assetFileNames: "gallery[extname]" },
    },
  },
});
