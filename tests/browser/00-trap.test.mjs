// Before anything else: these browsers refuse on file:// what a reader's browser refuses. Driven browsers are easily set up so that
// every file may read every other, and then a site that cannot work on a reader's machine passes every test.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BROWSERS, launch } from "./launch.mjs";
import { fileSite } from "./site.mjs";

for (const name of BROWSERS) {
  describe(`${name} on file://`, () => {
    let browser, page, site;
    before(async () => {
      const folder = mkdtempSync(join(tmpdir(), "cc-trap-"));
      writeFileSync(join(folder, "index.html"), "<!doctype html><meta charset=utf-8><title>trap</title>");
      writeFileSync(join(folder, "neighbour.txt"), "within reach");
      writeFileSync(join(folder, "module.mjs"), "export default 1;");
      writeFileSync(join(folder, "worker.js"), "postMessage('alive');");
      site = fileSite(folder);
      rmSync(folder, { recursive: true });
      browser = await launch(name);
      page = await browser.newPage();
      await page.goto(`${site.base}index.html`);
    });
    after(async () => {
      await browser?.close();
      site?.close();
    });

    const attempts = {
      "fetch of a neighbour file": () => fetch("neighbour.txt").then((response) => response.text()),
      "XMLHttpRequest of a neighbour file": () =>
        new Promise((resolve, reject) => {
          const request = new XMLHttpRequest();
          request.open("GET", "neighbour.txt");
          request.onload = () => resolve(request.responseText);
          request.onerror = () => reject(new Error("refused"));
          request.send();
        }),
      "import of a neighbour module": () => import(new URL("module.mjs", location.href).href).then(() => "imported"),
      "a worker by URL": () =>
        new Promise((resolve, reject) => {
          const worker = new Worker("worker.js");
          worker.onmessage = () => resolve("alive");
          worker.onerror = () => reject(new Error("refused"));
        }),
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      test(`refuses ${what}`, async () => {
        const outcome = await page.evaluate(`(${attempt})().then((value) => "got: " + value, () => "refused")`);
        assert.equal(outcome, "refused");
      });
    }
  });
}
