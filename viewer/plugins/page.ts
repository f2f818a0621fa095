// index.html as it is shipped. Vite's own would load viewer.js as a module, which a file:// page may not do.
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { contentSecurityPolicy } from "./csp.ts";

export function page(template: string): Plugin {
  return {
    name: "cc-page",
    buildStart() {
      this.addWatchFile(template);
    },
    generateBundle() {
      const source = readFileSync(template, "utf8").replace("%CONTENT_SECURITY_POLICY%", contentSecurityPolicy());
      this.emitFile({ type: "asset", fileName: "index.html", source });
    },
  };
}
