import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, linkTo, visit } from "../visit.mjs";
import { clickNode, drawnModels, everywhere, selection } from "./modelMap.mjs";

const ELEMENT = '<img src=x onerror="window.ran=true">';

/** Names that a page must show as text, and that no part of it may take for anything else. */
export const NAMES = [
  "root",
  ELEMENT,
  `"quotes' & commas, 😀`,
  "3".repeat(300),
  "__proto__",
  "constructor",
  "one\u2028line",
  "a+b&model=root#%41?/../",
  "*/});window.ran=true;//",
  "</script><script>window.ran=true</script>",
];

/** A study without files, with awkward text wherever a study may have text. */
export const AWKWARD_STUDY = {
  title: `Awkward ${ELEMENT}`,
  description: ELEMENT,
  metrics: [
    { name: "constructor", direction: "higher", unit: ELEMENT, definition: ELEMENT, primary: true },
    { name: ELEMENT, direction: "lower", format: "not a format" },
  ],
  models: NAMES.map((id, place) => ({
    id,
    ...(place > 0 && { base: NAMES[place - 1], operation: { name: ELEMENT, parameters: { ["__proto__"]: ELEMENT, [ELEMENT]: place } } }),
    tag: ELEMENT,
    notes: ELEMENT,
    metrics: place === 1 ? {} : { constructor: place, [ELEMENT]: -place },
  })),
};

/** Names and texts of a study are text, whatever they look like. */
export function names(reader) {
  test("models of any name are drawn, selected by a click and restored by their own link, and nothing in a name comes alive", async () => {
    await visit(reader(), async (page) => {
      assert.deepEqual(await drawnModels(page), NAMES);
      assert.equal(await page.$eval("h1", (heading) => heading.textContent), AWKWARD_STUDY.title);
      for (const name of NAMES) {
        await clickNode(page, name);
        await eventually(() => selection(page), everywhere([name]));
        assert.equal(await page.$eval(".details .own .name", (own) => own.textContent), name);
        const link = await page.evaluate(() => location.hash);
        await follow(page, "");
        await eventually(() => selection(page), everywhere([]));
        await follow(page, link);
        await eventually(() => selection(page), everywhere([name]));
      }
      assert.deepEqual(await alive(page), { elements: 0, ran: false });
    });
  });

  test("a link to models of any name is restored when the page opens, and Python compares them", async () => {
    // Not all of them: what differs among all was worked out by the exporter.
    const compared = NAMES.filter((name) => name !== "constructor");
    await visit(
      reader(),
      async (page) => {
        await eventually(() => selection(page), everywhere(compared));
        await page.waitForSelector(".sentence");
        assert.match(await page.$eval(".sentence", (sentence) => sentence.textContent), /^9 models differ in /);
        assert.equal(await page.evaluate(() => window.__cc.python.status.get().state), "ready");
        const rows = await page.$$eval(".details tbody th", (cells) => cells.map((cell) => cell.title));
        assert.deepEqual(rows.sort(), [...compared].sort());
        assert.deepEqual(await alive(page), { elements: 0, ran: false });
      },
      { hash: linkTo(compared) },
    );
  });

  test("a metric that a model lacks is missing, also when every object inherits something of its name", async () => {
    await visit(reader(), async (page) => {
      const values = await page.$$eval(".table tbody tr", (rows) => rows.map((row) => row.cells[2].title));
      assert.equal(values[1], "no value");
      assert.match(values[2], /^2 /);
    });
  });
}

function follow(page, link) {
  return page.evaluate((hash) => (location.hash = hash), link);
}

/** What of the texts became more than text. */
function alive(page) {
  return page.evaluate(() => ({
    elements: document.querySelectorAll("img, iframe, #app script").length,
    ran: "ran" in window,
  }));
}
