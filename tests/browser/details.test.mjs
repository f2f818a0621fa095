// Selection details: a comparison narrowed down, two models side by side, and the metrics that are charted.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { demoSite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

const SELECTED = ["prune-all-50", "prune-all-70", "recalibrate-all-50", "recalibrate-all-70"];
const FIFTY = ["prune-all-50", "recalibrate-all-50"];

const option = (page, label) => page.waitForSelector(`.details [aria-label^="${label}"]`);
const compared = (page) => page.$$eval(".columns tbody th", (cells) => cells.map((cell) => cell.title).sort());
const options = (page) =>
  page.$$eval(".details .options button", (buttons) => buttons.map((button) => [button.ariaLabel, button.ariaPressed ?? button.getAttribute("aria-pressed"), button.getAttribute("aria-disabled")]));
const charts = (page) => page.$$eval(".details figcaption", (captions) => captions.map((caption) => caption.textContent.replace(/ [↑↓].*/, "").trim()));
const parts = (page, name) => page.evaluate((key) => new URLSearchParams(location.hash.slice(1)).getAll(key), name);

async function press(page, ...keys) {
  const last = keys.pop();
  for (const key of keys) await page.keyboard.down(key);
  await page.keyboard.press(last);
  for (const key of keys) await page.keyboard.up(key);
}

for (const name of BROWSERS) {
  describe(`selection details in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    it("narrow a comparison down, say how many models each choice leaves, and never leave none", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        await page.click(".details summary");
        await (await option(page, "prune · amount: 0.5, 2 models")).click();
        await eventually(() => compared(page), FIFTY);
        await eventually(() => parts(page, "refine"), ['["prune · amount",0]']);
        assert.equal(await page.$eval(".sentence", (line) => line.textContent), "2 models differ in whether recalibrate was applied.");
        await (await option(page, "recalibrate: yes, 1 model")).click();
        await eventually(() => page.$eval(".sentence", (line) => line.textContent), "One of the 4 models is left: recalibrate-all-50.");
        assert.deepEqual(await options(page), [
          ["prune · amount: 0.5, 1 model", "true", "false"],
          ["prune · amount: 0.7, 1 model", "false", "false"],
          ["recalibrate: no, 1 model", "false", "false"],
          ["recalibrate: yes, 1 model", "true", "false"],
        ]);
        // Each step can be undone, a link restores it, and the choice can become the selection.
        await press(page, "Control", "z");
        await eventually(() => compared(page), FIFTY);
        const hash = await page.evaluate(() => location.hash);
        await visit(reader, (copy) => eventually(() => compared(copy), FIFTY), { hash });
        await (await page.waitForSelector("::-p-xpath(//button[normalize-space() = 'Select these 2'])")).click();
        await eventually(() => parts(page, "model"), FIFTY);
        await eventually(() => parts(page, "refine"), []);
      }, { hash: linkTo(SELECTED) }));

    it("grey out what would leave nothing", () =>
      visit(reader, async (page) => {
        // cnn-small was pruned in one way only.
        await page.waitForSelector(".sentence");
        await eventually(async () => (await options(page)).some(([, , disabled]) => disabled === "true"), true);
        const before = await options(page);
        const place = before.findIndex(([, , disabled]) => disabled === "true");
        await (await page.$$(".details .options button"))[place].click();
        assert.deepEqual(await options(page), before);
        await (await page.waitForSelector("::-p-xpath(//button[normalize-space() = 'Compare all 4'])")).click();
        await eventually(async () => (await compared(page)).length, 4);
      }, { hash: linkTo(["prune-all-50", "prune-all-70", "recalibrate-all-50", "finetune-all-70"], { refine: '["recalibrate",1]' }) }));

    it("put two models side by side, step by step and metric by metric", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        await (await page.waitForSelector("::-p-xpath(//button[contains(., 'step by step')])")).click();
        await page.waitForSelector(".edit");
        const edits = await page.$$eval(".edit", (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.replace(/\s+/g, " ").trim())));
        assert.deepEqual(edits.map(([, , , kind]) => kind), ["same", "same", "same", "only right"]);
        assert.match(edits[3][2], /^recalibrate/);
        const accuracy = await page.$$eval("section[aria-label='Two models side by side'] tbody:last-of-type tr", (rows) => [...rows[0].cells].map((cell) => cell.textContent.trim()));
        assert.match(accuracy.join(" "), /^Accuracy 47\.4% 97\.4% \+50\.0 pp better$/);
      }, { hash: linkTo(FIFTY) }));

    it("chart the metrics that the reader adds and takes away", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        const primary = await charts(page);
        await page.select(".details [aria-label='Add a metric']", "Parameters");
        await eventually(async () => (await charts(page)).includes("Parameters"), true);
        await page.focus(`.details [aria-label="Take ${primary[0]} away"]`);
        await page.keyboard.press("Enter");
        // The one beside it has the focus then: the keyboard need not begin at the top of the page again.
        await eventually(() => page.evaluate(() => document.activeElement.ariaLabel), `Take ${primary[1]} away`);
        await eventually(() => charts(page), [...primary.slice(1), "Parameters"]);
        const hash = await page.evaluate(() => location.hash);
        await visit(reader, (copy) => eventually(() => charts(copy), [...primary.slice(1), "Parameters"]), { hash });
        await (await page.waitForSelector("::-p-xpath(//button[normalize-space() = 'Primary metrics'])")).click();
        await eventually(() => charts(page), primary);
      }, { hash: linkTo(["resnet8", "cnn-small"]) }));

    it("say how to start when nothing is selected", () =>
      visit(reader, async (page) => {
        assert.match(await page.$eval(".details", (panel) => panel.innerText), /One model.*Two models.*More models/s);
      }));
  });
}
