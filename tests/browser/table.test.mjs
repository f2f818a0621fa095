// The table of models at any length: few rows are drawn, all can be reached, and Tab stops once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { studySite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { eventually, visit } from "./visit.mjs";

const COUNT = 1000;
const STUDY = {
  title: "Many",
  metrics: [{ name: "Score", direction: "higher" }],
  models: Array.from({ length: COUNT }, (_, place) => ({
    id: `m${place}`,
    ...(place > 0 && { base: `m${Math.floor(place / 10)}`, operation: { name: "prune", parameters: { amount: (place % 10) / 10 } } }),
    metrics: { Score: place },
  })),
};

const focused = (page) => page.evaluate(() => document.activeElement?.ariaLabel ?? null);
const selected = (page) => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).getAll("model"));
const hovered = (page) => page.$$eval("[data-model].hovered", (nodes) => nodes.map((node) => node.dataset.model));
const rows = (page) => page.$$eval(".table tbody tr.model", (all) => all.length);
/** Whether the focused row lies between the heading and the end of the table's view. */
const inView = (page) =>
  page.evaluate(() => {
    const row = document.activeElement.closest("tr").getBoundingClientRect();
    const view = document.querySelector(".table [role=region]").getBoundingClientRect();
    return row.top >= document.querySelector(".table thead").getBoundingClientRect().bottom - 1 && row.bottom <= view.bottom + 1;
  });

for (const name of BROWSERS) {
  describe(`a table of ${COUNT} models in ${name}`, () => {
    const reader = readerOf(name, () => studySite(STUDY));

    it("draws few rows and says how many there are", () =>
      visit(reader, async (page) => {
        assert.ok((await rows(page)) < 60, `${await rows(page)} rows`);
        assert.equal(await page.$eval(".table table", (table) => table.ariaRowCount ?? table.getAttribute("aria-rowcount")), String(COUNT + 1));
      }));

    it("is one stop for Tab; arrows, Page and End keys walk through it, the row in view and echoed on the map", () =>
      visit(reader, async (page) => {
        assert.equal((await page.$$(".table tbody input[tabindex='0']")).length, 1);
        await page.focus(".table tbody input[tabindex='0']");
        assert.equal(await focused(page), "Select m0");
        await page.keyboard.press("ArrowDown");
        await eventually(() => focused(page), "Select m1");
        await eventually(() => hovered(page), ["m1"]);
        // Scrolled away, it is still where the keys go on.
        await page.$eval(".table [role=region]", (region) => (region.scrollTop = region.scrollHeight));
        await eventually(() => page.$$eval(".table tbody tr.model", (all) => all.at(-1).querySelector("label").title), `m${COUNT - 1}`);
        assert.equal(await focused(page), "Select m1");
        await page.keyboard.press("ArrowUp");
        await eventually(() => focused(page), "Select m0");
        await page.keyboard.press("ArrowDown");
        await eventually(() => focused(page), "Select m1");
        assert.ok(await inView(page));
        for (let presses = 0; presses < 40; presses += 1) await page.keyboard.press("ArrowDown");
        await eventually(() => focused(page), "Select m41");
        assert.ok(await inView(page));
        await page.keyboard.press("End");
        await eventually(() => focused(page), `Select m${COUNT - 1}`);
        assert.ok(await inView(page));
        await page.keyboard.press("PageUp");
        await page.keyboard.press("Enter");
        const [only] = await selected(page);
        assert.ok(Number(only.slice(1)) < COUNT - 2);
        await page.keyboard.press("ArrowUp");
        await page.keyboard.press(" ");
        await eventually(() => selected(page), [only, `m${Number(only.slice(1)) - 1}`]);
        await page.keyboard.press("Home");
        await eventually(() => focused(page), "Select m0");
      }));

    it("keeps its columns where they are while it scrolls", () =>
      visit(reader, async (page) => {
        const edges = () => page.$$eval(".table thead th", (cells) => cells.map((cell) => Math.round(cell.getBoundingClientRect().left)));
        const before = await edges();
        await page.$eval(".table [role=region]", (region) => (region.scrollTop = region.scrollHeight));
        await eventually(() => page.$$eval(".table tbody tr.model", (all) => all.at(-1).querySelector("label").title), `m${COUNT - 1}`);
        assert.deepEqual(await edges(), before);
      }));

    it("lets nothing be selected that a filter hides, and says why", () =>
      visit(
        reader,
        async (page) => {
          await page.focus(".table tbody input[tabindex='0']");
          await page.keyboard.press("End");
          await eventually(() => focused(page), "Select m989");
          await page.keyboard.press(" ");
          await page.keyboard.press("Enter");
          assert.deepEqual(await selected(page), []);
          assert.equal(await page.evaluate(() => document.activeElement.closest("tr").title), "Hidden by the filter on Score");
        },
        { hash: `#filter=${encodeURIComponent('["metric","Score",990,null]')}` },
      ));
  });
}
