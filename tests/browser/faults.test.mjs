// A damaged site says which file is damaged, how, and what to do; the page goes on working.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { makeEngineSite } from "./engineSite.mjs";
import { BROWSERS } from "./launch.mjs";
import { sharedBrowser } from "./reader.mjs";
import { strangers, watch } from "./requests.mjs";
import { TRANSPORTS } from "./site.mjs";

const CHUNK = "runtime/cc_core.zip.0.js";

/** What may happen to a file on its way, and what the page is to say. */
const DAMAGES = {
  "was removed": { damage: (path) => rmSync(path), fault: "missing" },
  "was cut off": { damage: (path) => writeFileSync(path, readFileSync(path).subarray(0, 1000)), fault: "truncated" },
  "was changed by one character": { damage: (path) => flip(path, 500), fault: "altered" },
  "is the file of another export": { damage: (path) => writeFileSync(path, readFileSync(path, "utf8").replace("*/", "AAAA*/")), fault: "wrong-size" },
};

for (const name of BROWSERS) {
  const shared = sharedBrowser(name);
  for (const [transport, open] of Object.entries(TRANSPORTS)) {
    describe(`${name} over ${transport}`, () => {
      let browser;
      before(async () => (browser = await shared()));

      for (const [what, { damage, fault }] of Object.entries(DAMAGES)) {
        test(`a file that ${what}`, async () => {
          const made = makeEngineSite();
          const site = await open(made.folder);
          try {
            damage(join(site.folder, CHUNK));
            const page = await browser.newPage();
            const seen = watch(page);
            await page.goto(`${site.base}index.html`);
            await page.waitForFunction("window.__cc");
            const { error, status } = await page.evaluate(async () => {
              const { python } = window.__cc;
              const { fault, where, what, why, tryThis } = await python.warm().then(() => ({ fault: "none" }), (error) => error);
              return { error: { fault, where, what, why, tryThis }, status: python.status.get() };
            });
            assert.equal(error.fault, fault);
            assert.equal(error.where, CHUNK);
            assert.equal(status.state, "failed");
            assert.equal(status.failure.why, error.why);
            assert.match(error.tryThis, /^Copy or download the whole site folder again\./);
            assert.deepEqual(strangers(seen, site.base), []);
            // The browser itself reports a file that is not there; everything else is said in the page only.
            if (fault !== "missing") assert.deepEqual(seen.complaints, []);
            await page.close();
          } finally {
            await site.close();
            made.close();
          }
        });
      }

      for (const file of ["data/manifest.js", "data/models.js"]) {
        test(`a site without ${file} says so instead of showing nothing`, async () => {
          const made = makeEngineSite();
          const site = await open(made.folder);
          try {
            rmSync(join(site.folder, file));
            const page = await browser.newPage();
            await page.goto(`${site.base}index.html`);
            await page.waitForFunction((file) => document.body.innerText.includes(file), {}, file);
            assert.match(await page.evaluate("document.body.innerText"), /could not be loaded/);
            await page.close();
          } finally {
            await site.close();
            made.close();
          }
        });
      }
    });
  }
}

/** Changes one character of base64 into another. */
function flip(path, at) {
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
}
