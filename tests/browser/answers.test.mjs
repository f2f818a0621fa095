// What a site says before Python is ready is what Python in the page would say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { join } from "node:path";
import { demoSite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { linkTo, visit } from "./visit.mjs";

/** The JSON inside a chunk file. */
function chunk(folder, id) {
  const text = readFileSync(join(folder, `${id}.js`), "utf8");
  return JSON.parse(text.slice(text.indexOf("/*") + 2, text.lastIndexOf("*/")));
}

for (const name of BROWSERS) {
  describe(`prepared answers in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    it("are given without starting Python", async () => {
      const { models } = chunk(reader.site.folder, "data/models");
      const whole = models.map(({ id }) => id);
      await visit(reader, async (page) => {
        const sentence = await page.waitForSelector(".sentence");
        assert.match(await sentence.evaluate((node) => node.textContent), /^26 models differ in /);
        assert.equal(await page.evaluate(() => window.__cc.python.status.get().state), "idle");
      }, { hash: linkTo(whole) });
    });

    it("equal those of Python in the page", async () => {
      const { models } = chunk(reader.site.folder, "data/models");
      const { answers } = chunk(reader.site.folder, "data/answers");
      assert.ok(answers.length >= 20, `${answers.length} answers are prepared`);
      const forest = models.map(({ id, parents, operation }) => ({ id, parents, operation }));
      await visit(reader, async (page) => {
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
