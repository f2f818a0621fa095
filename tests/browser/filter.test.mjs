// Filters: typed budgets, brushed ranges, chosen values; what they leave is what can be selected.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { demoSite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { eventually, visit } from "./visit.mjs";

const ADD = 'select:has(option[value=""]):has(optgroup)';
const metric = (name) => JSON.stringify(["metric", name]);
const value = (field) => JSON.stringify(["value", field]);

const status = (page) => page.$eval('[aria-label="Filters"] [role="status"]', (node) => node.textContent.replace(/\s+/g, " ").trim());
const left = (page) => page.$eval('[aria-label="Filters"] .side [role="status"]', (node) => node.textContent.replace(/\s+/g, " ").trim());
const faint = (page) => page.$$eval("[data-model].faint", (nodes) => nodes.length);

async function type(page, label, text) {
  const field = await page.$(`[aria-label="${label}"]`);
  await field.focus();
  await page.keyboard.down("Control");
  await page.keyboard.press("a");
  await page.keyboard.up("Control");
  await page.keyboard.type(text);
  await page.keyboard.press("Tab");
}

for (const name of BROWSERS) {
  describe(`filters in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    it("take budgets with units, fade what does not pass and say how many do", async () => {
      await visit(reader, async (page) => {
        await page.select(ADD, metric("Size"));
        await type(page, "Size at most", "100 kB");
        const legends = (await page.$$("fieldset legend")).length;
        await eventually(() => left(page), "8 of 26 models pass, 18 hidden");
        assert.equal(await faint(page), 18);
        // A key opens the list and adds nothing yet: else its second entry could not be reached by keys.
        await page.focus(ADD);
        await page.keyboard.press("ArrowDown");
        await eventually(() => page.$eval(ADD, (list) => list.matches(":open")), true);
        assert.equal((await page.$$("fieldset legend")).length, legends);
        await page.keyboard.press("Escape");
        await page.select(ADD, value("operation"));
        await page.evaluate(() => [...document.querySelectorAll(".value")].find((node) => node.textContent === "quantize").click());
        await eventually(() => left(page), "6 of 26 models pass, 20 hidden");
        // The address restores the filters.
        const hash = await page.evaluate(() => location.hash);
        await visit(reader, async (copy) => eventually(() => left(copy), "6 of 26 models pass, 20 hidden"), { hash });
      });
    });

    it("leave what passes to be selected, and nothing else", async () => {
      await visit(reader, async (page) => {
        await page.select(ADD, metric("Accuracy"));
        await type(page, "Accuracy at least", "97.8 %");
        await eventually(() => page.$$eval("[data-model].faint", (nodes) => nodes.length > 0), true);
        const passing = 26 - (await faint(page));
        await page.evaluate(() => [...document.querySelectorAll("button")].find((node) => node.textContent.trim() === "Select all").click());
        await eventually(() => page.$$eval("[data-model][aria-pressed=true]", (nodes) => nodes.length), passing);
        // Neither does a hidden model take the place of what is selected, on the map and in the table.
        await page.evaluate(() => {
          document.querySelector("[data-model].faint").dispatchEvent(new MouseEvent("click", { bubbles: true }));
          document.querySelector("tbody input[aria-disabled=true]").closest("tr").cells[0].click();
        });
        await page.focus("tbody input[aria-disabled=true]");
        await page.keyboard.press("Enter");
        assert.equal(await page.$$eval("[data-model][aria-pressed=true]", (nodes) => nodes.length), passing);
      });
    });

    it("say so when nothing passes, and name what cannot be read as a number", async () => {
      await visit(reader, async (page) => {
        await page.select(ADD, metric("Accuracy"));
        await type(page, "Accuracy at least", "ninety");
        await eventually(() => status(page), "“ninety” is no number");
        // What cannot be read stays, and is marked, in its field alone, whatever the other bound becomes.
        await type(page, "Accuracy at most", "0.99");
        await eventually(() => page.$$eval('[aria-label^="Accuracy at"]', (fields) => fields.map((field) => [field.value, field.getAttribute("aria-invalid")])), [["ninety", "true"], ["99 %", "false"]]);
        assert.equal(await status(page), "“ninety” is no number");
        await type(page, "Accuracy at least", "200 %");
        await eventually(() => left(page), "No model passes, 26 hidden");
        await page.evaluate(() => [...document.querySelectorAll("button")].find((node) => node.textContent.trim() === "Remove all filters").click());
        await eventually(() => faint(page), 0);
      });
    });
  });
}
