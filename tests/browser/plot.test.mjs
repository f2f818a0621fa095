// The scatterplot beside the map: what it shows, and that hover, selection and address are shared with the rest of the page.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { demoSite, studySite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { fileSite } from "./site.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

/** No model is smaller and as accurate as these. */
const FRONT = ["cnn-small", "cnn-small-int8", "int8-dynamic"];
const PLOT = linkTo([], { panel: "plot" });

/** Values that a scatterplot has no place for, and two models of equal values. */
const HOLES = {
  title: "Holes",
  metrics: [
    { name: "Score", direction: "higher" },
    { name: "Cost", direction: "lower" },
    { name: "Colour", direction: null },
  ],
  models: [
    { id: "whole", metrics: { Score: 1, Cost: 10, Colour: 0 } },
    { id: "twin", base: "whole", operation: { name: "copy" }, metrics: { Score: 1, Cost: 10, Colour: 0 } },
    { id: "cheap", base: "whole", operation: { name: "prune" }, metrics: { Score: 0.5, Cost: 1, Colour: 1 } },
    { id: "unpriced", base: "whole", operation: { name: "prune" }, metrics: { Score: 0.5 } },
    { id: "diverged", base: "whole", operation: { name: "train" }, metrics: { Score: "NaN", Cost: 10 } },
  ],
};

/** NaN as Python writes it, which JSON itself cannot say. */
const HOLES_TEXT = JSON.stringify(HOLES).replace('"NaN"', "NaN");

const plotted = (page) => page.$$eval("[data-point] .node", (nodes) => nodes.length);
const hovered = (page, marks) => page.$$eval(`${marks}.hovered`, (nodes) => nodes.map((node) => node.dataset.model ?? node.dataset.point));
const selected = async (page) => (await page.evaluate(() => new URLSearchParams(location.hash.slice(1)).getAll("model"))).sort();
const button = (page, text) => page.waitForSelector(`::-p-xpath(//button[contains(normalize-space(), "${text}")])`);
const option = (page, label) => page.waitForSelector(`::-p-xpath(//label[normalize-space() = "${label}"])`);

/** Where points are drawn, in pixels of the window. */
async function places(page) {
  await page.waitForSelector("[data-point]");
  return new Map(
    await page.$$eval("[data-point]", (spots) =>
      spots.map((spot) => {
        const { x, y, width, height } = spot.querySelector(".node").getBoundingClientRect();
        return [spot.dataset.point, { x: x + width / 2, y: y + height / 2 }];
      }),
    ),
  );
}

for (const name of BROWSERS) {
  describe(`the scatterplot in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    it("takes the table's place when asked, and shows every model", () =>
      visit(reader, async (page) => {
        assert.equal(await plotted(page), 0);
        await (await option(page, "Scatterplot")).click();
        await eventually(() => plotted(page), 26);
        assert.equal(await page.$("tbody input"), null);
        await eventually(() => page.evaluate(() => location.hash), "#panel=plot");
        await (await option(page, "Table")).click();
        await page.waitForSelector("tbody input");
      }));

    it("shares hover with the map, both ways, and says what is known of a model once", () =>
      visit(reader, async (page) => {
        const { x, y } = (await places(page)).get("cnn-small");
        await page.mouse.move(x, y);
        await eventually(() => hovered(page, "[data-model]"), ["cnn-small"]);
        assert.equal((await page.$$("[role=tooltip]")).length, 1);
        await page.hover('[data-model="cnn-small-int8"]');
        await eventually(() => hovered(page, "[data-point]"), ["cnn-small-int8"]);
        assert.equal((await page.$$("[role=tooltip]")).length, 1);
      }, { hash: PLOT }));

    it("selects by click, by rectangle, and adds with Shift", () =>
      visit(reader, async (page) => {
        const at = await places(page);
        const around = async ({ x, y }) => {
          await page.mouse.move(x - 14, y - 14);
          await page.mouse.down();
          await page.mouse.move(x + 14, y + 14, { steps: 3 });
          await page.mouse.up();
        };
        await page.mouse.click(at.get("prune-all-50").x, at.get("prune-all-50").y);
        await eventually(() => selected(page), ["prune-all-50"]);
        await around(at.get("cnn-small"));
        await eventually(() => selected(page), ["cnn-small"]);
        await page.keyboard.down("Shift");
        await around(at.get("cnn-small-spare-50"));
        await page.mouse.click(at.get("prune-all-50").x, at.get("prune-all-50").y);
        await page.keyboard.up("Shift");
        await eventually(() => selected(page), ["cnn-small", "cnn-small-spare-50", "prune-all-50"]);
        assert.equal((await page.$$(".plot .ring:not(.hovering)")).length, 3);
      }, { hash: PLOT }));

    it("draws the Pareto front and selects it", () =>
      visit(reader, async (page) => {
        assert.match(await page.$eval("path.front", (path) => path.getAttribute("d")), /^M.+V.+H/);
        await (await button(page, "Select front (3)")).click();
        await eventually(() => selected(page), FRONT);
      }, { hash: PLOT }));

    it("is walked with arrow keys, and Enter selects", () =>
      visit(reader, async (page) => {
        await page.waitForSelector("[data-point]");
        assert.equal((await page.$$("[data-point][tabindex='0']")).length, 1);
        await page.$eval('[data-point="cnn-small-int8"]', (spot) => spot.focus());
        await page.keyboard.press("ArrowRight");
        await eventually(() => page.evaluate(() => document.activeElement.dataset.point), "cnn-small");
        await page.keyboard.press("Enter");
        await eventually(() => selected(page), ["cnn-small"]);
      }, { hash: PLOT }));

    it("comes back from its address", () =>
      visit(reader, async (page) => {
        await eventually(() => page.$$eval("select[aria-label$=axis]", (axes) => axes.map(({ value }) => value)), ["Sparsity", "Parameters"]);
        assert.deepEqual(await page.$$eval("[aria-label$='logarithmic scale']", (boxes) => boxes.map(({ checked, disabled }) => [checked, disabled])), [
          [false, true],
          [true, false],
        ]);
        await page.waitForSelector("::-p-text(No Pareto front: Sparsity has no direction)");
        await page.select("select[aria-label='Vertical axis']", "Accuracy");
        await eventually(
          () => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))),
          { panel: "plot", plotX: "Parameters", logX: "1" },
        );
      }, { hash: linkTo([], { panel: "plot", plotX: "Parameters", plotY: "Sparsity", logX: "1" }) }));

    it("says which models it cannot show and which share a point", async () => {
      const holes = await studySite(HOLES, { "study.json": HOLES_TEXT });
      const holed = fileSite(holes.folder);
      try {
        await visit({ ...reader, site: holed }, async (page) => {
          await eventually(() => plotted(page), 3);
          const unshown = await page.$eval("::-p-xpath(//p[starts-with(normalize-space(), 'Not shown')])", (node) => node.textContent.replace(/\s+/g, " ").trim());
          assert.equal(unshown, "Not shown: unpriced (no Cost); diverged (Score is NaN)");
          assert.deepEqual(await page.$$eval(".count", (counts) => counts.map((count) => count.textContent)), ["2"]);
          await page.hover('[data-point="whole"]');
          assert.match(await (await page.waitForSelector("[role=tooltip]")).evaluate((node) => node.textContent), /^whole\s*Same point: twin/);
          await page.click('[data-point="whole"]');
          await eventually(() => selected(page), ["twin", "whole"]);
          await (await button(page, "Select front (3)")).click();
          await eventually(() => selected(page), ["cheap", "twin", "whole"]);
        }, { hash: linkTo([], { panel: "plot", plotX: "Cost", plotY: "Score" }) });
      } finally {
        holed.close();
      }
    });
  });
}
