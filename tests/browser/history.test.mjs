// Undo and redo, by button and by key, and the list of keys.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { demoSite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { clickNode, everywhere, selection } from "./page/modelMap.mjs";
import { readerOf } from "./reader.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

async function press(page, ...keys) {
  const last = keys.pop();
  for (const key of keys) await page.keyboard.down(key);
  await page.keyboard.press(last);
  for (const key of keys) await page.keyboard.up(key);
}

const undoes = (page) => page.$eval('[aria-label^="Undo"]', (button) => button.ariaLabel);
const hash = (page) => page.evaluate(() => location.hash);

for (const name of BROWSERS) {
  describe(`history in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    it("goes back through selections and forward again, with keys and with buttons", () =>
      visit(reader, async (page) => {
        await clickNode(page, "resnet8");
        await clickNode(page, "float16", "Shift");
        await eventually(() => selection(page), everywhere(["resnet8", "float16"]));
        assert.equal(await undoes(page), "Undo: selection");
        await press(page, "Control", "z");
        await eventually(() => selection(page), everywhere(["resnet8"]));
        await page.click('[aria-label^="Undo"]');
        await eventually(() => selection(page), everywhere([]));
        assert.equal(await undoes(page), "Undo");
        await press(page, "Control", "y");
        await eventually(() => selection(page), everywhere(["resnet8"]));
        await press(page, "Control", "Shift", "Z");
        await eventually(() => selection(page), everywhere(["resnet8", "float16"]));
      }));

    it("takes the whole of a drag on a histogram back in one step", () =>
      visit(reader, async (page) => {
        await page.select('select:has(option[value=""]):has(optgroup)', JSON.stringify(["metric", "Accuracy"]));
        const { x, y, width } = await (await page.waitForSelector("fieldset svg")).boundingBox();
        await page.mouse.move(x + 2, y + 10);
        await page.mouse.down();
        await page.mouse.move(x + width / 2, y + 10, { steps: 12 });
        await page.mouse.up();
        await eventually(() => page.$$eval("[data-model].faint", (nodes) => nodes.length > 0), true);
        await press(page, "Control", "z");
        await eventually(() => page.$$eval("[data-model].faint", (nodes) => nodes.length), 0);
        await eventually(async () => decodeURIComponent(await hash(page)), '#filter=["metric","Accuracy",null,null]');
        await press(page, "Control", "z");
        await eventually(() => hash(page), "");
      }));

    it("takes an edited address back too", () =>
      visit(reader, async (page) => {
        await clickNode(page, "resnet8");
        await eventually(() => selection(page), everywhere(["resnet8"]));
        await page.evaluate((to) => (location.hash = to), linkTo(["cnn-small"], { sort: "Size" }));
        await eventually(() => selection(page), everywhere(["cnn-small"]));
        assert.equal(await undoes(page), "Undo: selection and order");
        await press(page, "Control", "z");
        await eventually(() => selection(page), everywhere(["resnet8"]));
      }));

    it("leaves fields alone: Ctrl+Z in a field is the field's", () =>
      visit(reader, async (page) => {
        await clickNode(page, "resnet8");
        await page.select('select:has(option[value=""]):has(optgroup)', JSON.stringify(["metric", "Accuracy"]));
        await page.focus('[aria-label="Accuracy at least"]');
        await page.keyboard.type("9");
        await press(page, "Control", "z");
        await press(page, "Escape");
        assert.deepEqual((await selection(page)).link, ["resnet8"]);
      }));

    it("lists the keys on ?, closes the list with Esc and gives the focus back", () =>
      visit(reader, async (page) => {
        await page.$eval('[data-model="resnet8"]', (node) => node.focus());
        await page.keyboard.press("Enter");
        await page.keyboard.press("?");
        await page.waitForSelector("dialog[open]");
        assert.match(await page.$eval("dialog", (dialog) => dialog.innerText), /Ctrl\+Z/);
        await page.keyboard.press("Escape");
        await eventually(() => page.$$eval("dialog[open]", (open) => open.length), 0);
        assert.equal(await page.evaluate(() => document.activeElement.dataset.model), "resnet8");
        // The key was the dialog's alone.
        assert.deepEqual((await selection(page)).link, ["resnet8"]);
      }));
  });
}
