// What a site says before Python is ready is what Python in the page would say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { join } from "node:path";
import { demoSite } from "./exporter.mjs";
import { BROWSERS, launch } from "./launch.mjs";
import { fileSite } from "./site.mjs";
import { linkTo, visit } from "./visit.mjs";

/** The JSON inside a chunk file. */
function chunk(folder, id) {
  const text = readFileSync(join(folder, `${id}.js`), "utf8");
  return JSON.parse(text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")));
}

for (const name of BROWSERS) {
  describe(`prepared answers in ${name}`, () => {
    let demo, site, browser;
    before(async () => {
      demo = await demoSite();
      site = fileSite(demo.folder);
      browser = await launch(name);
    });
    after(async () => {
      await browser?.close();
      site?.close();
      demo?.close();
    });

    it("are given without starting Python", async () => {
      const { models } = chunk(site.folder, "data/models");
      const whole = models.map(({ id }) => id);
      await visit({ browser, site }, async (page) => {
        const sentence = await page.waitForSelector(".sentence");
        assert.match(await sentence.evaluate((node) => node.textContent), /^26 models differ in /);
        assert.equal(await page.evaluate(() => window.__cc.python.status.get().state), "idle");
      }, { hash: linkTo(whole) });
    });

    it("equal those of Python in the page", async () => {
      const { models } = chunk(site.folder, "data/models");
      const { answers } = chunk(site.folder, "data/answers");
      assert.ok(answers.length >= 20, `${answers.length} answers are prepared`);
      const forest = models.map(({ id, parents, operation }) => ({ id, parents, operation }));
      await visit({ browser, site }, async (page) => {
        const asked = answers.map(({ explanation }) => explanation.models);
        const worked = await page.evaluate(async (models, asked) => {
          const found = [];
          for (const selected of asked) found.push((await window.__cc.python.call("chart", { models, selected })).result);
          return found;
        }, forest, asked);
        assert.deepEqual(worked, answers);
      });
    });
  });
}
