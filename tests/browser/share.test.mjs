// What a reader takes along: the link, charts as SVG and PNG, tables as CSV. The files are read as other programs read them.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, describe, it } from "node:test";
import { demoSite } from "./exporter.mjs";
import { BROWSERS } from "./launch.mjs";
import { everywhere, selection } from "./page/modelMap.mjs";
import { readerOf } from "./reader.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

const SELECTED = ["resnet8", "cnn-small"];

for (const name of BROWSERS) {
  describe(`sharing in ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "cc-saved-"));
    const reader = readerOf(name, demoSite, { downloads: folder });
    after(() => rmSync(folder, { recursive: true }));

    /** Presses a button of the menu and reads the file it saves. */
    async function saved(page, label, file) {
      if (!(await page.$(".menu"))) await page.click("[data-share] > button");
      await (await page.waitForSelector(`[aria-label="${label}"]`)).click();
      const path = join(folder, file);
      await eventually(() => existsSync(path) && !readdirSync(folder).some((entry) => /\.(part|crdownload)$/.test(entry)), true, `${file} among ${readdirSync(folder)}`);
      const content = readFileSync(path);
      rmSync(path);
      return content;
    }

    /** Opens a picture by itself, and tells what a function finds there. */
    async function opened(svg, look) {
      const path = join(folder, "opened.svg");
      writeFileSync(path, svg);
      const page = await reader.browser.newPage();
      try {
        await page.goto(pathToFileURL(path).href);
        return await page.evaluate(look);
      } finally {
        await page.close();
        rmSync(path);
      }
    }

    if (name === "chromium") {
      it("marks the link and says how to copy it where the page may not use the clipboard", () =>
        visit(
          reader,
          async (page) => {
            const session = await reader.browser.target().createCDPSession();
            for (const allowWithoutSanitization of [false, true]) {
              await session.send("Browser.setPermission", { permission: { name: "clipboard-write", allowWithoutSanitization }, setting: "denied" });
            }
            try {
              await page.click("[data-share] > button");
              await page.click(".menu .link button");
              await eventually(() => page.$eval(".menu .status", (line) => line.textContent), "Press Ctrl+C (⌘C) to copy the marked link.");
              const marked = await page.evaluate(() => {
                const field = document.activeElement;
                return [field.getAttribute("aria-label"), field.value.slice(field.selectionStart, field.selectionEnd)];
              });
              assert.deepEqual(marked, ["Link to this view", await page.evaluate(() => location.href)]);
            } finally {
              await session.send("Browser.resetPermissions");
            }
          },
          { hash: linkTo(SELECTED) },
        ));
    }

    it("gives a link that restores the view in a new page", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        await page.click("[data-share] > button");
        const link = await page.$eval('[aria-label="Link to this view"]', (field) => field.value);
        assert.equal(link, await page.evaluate(() => location.href));
        // It stays that of the view where the page changes behind the menu, and a chart that is gone is told.
        await page.evaluate(() => (location.hash = ""));
        await eventually(() => page.$eval('[aria-label="Link to this view"]', (field) => field.value), link.replace(/#.*/, ""));
        await page.click('[aria-label="Bars as SVG"]');
        await eventually(() => page.$eval(".menu [role=alert]", (alert) => alert.innerText.split("\n")[0]), "There is no such picture. Bars");
        await page.evaluate((to) => (location.hash = to), new URL(link).hash);
        await page.keyboard.press("Escape");
        assert.equal(await page.$(".menu"), null);
        assert.equal(await page.evaluate(() => document.activeElement.textContent), "Share");
        await eventually(() => selection(page), everywhere(SELECTED));
        await visit(reader, (copy) => eventually(() => selection(copy), everywhere(SELECTED)), { hash: new URL(link).hash });
      }, { hash: linkTo(SELECTED) }));

    it("saves each chart as an SVG that stands alone, with every model and no style sheet", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        for (const [chart, wanted] of [["Model Map", ["Model Map", "finetune", "cnn-small"]], ["Scatterplot", ["Size", "Accuracy"]], ["Bars", ["Accuracy", "resnet8"]]]) {
          const svg = (await saved(page, `${chart} as SVG`, `Digits - ${chart}.svg`)).toString();
          const read = await opened(svg, () => {
            const root = document.documentElement;
            const left = [...root.querySelectorAll("[class], [style], foreignObject, script, image")].map((element) => element.tagName);
            return { tag: root.tagName, width: root.clientWidth || root.width.baseVal.value, left, circles: root.querySelectorAll("circle").length, text: root.textContent };
          });
          assert.equal(read.tag, "svg");
          assert.ok(read.width > 100);
          assert.deepEqual(read.left, []);
          for (const word of wanted) assert.ok(read.text.includes(word), `${chart} says ${word}`);
          if (chart !== "Bars") assert.ok(read.circles >= 26, `${read.circles} circles`);
          assert.doesNotMatch(svg, /var\(|oklab|color-mix|NaN/);
        }
      }, { hash: linkTo(SELECTED, { panel: "plot" }) }));

    it("saves each chart as a PNG of twice its size, with something on it", () =>
      visit(reader, async (page) => {
        const png = await saved(page, "Model Map as PNG", "Digits - Model Map.png");
        assert.equal(png.subarray(1, 4).toString(), "PNG");
        assert.ok(png.readUInt32BE(16) > 1000, `${png.readUInt32BE(16)} pixels wide`);
        const colours = await page.evaluate(async (base64) => {
          const image = new Image();
          image.src = `data:image/png;base64,${base64}`;
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = image.width;
          canvas.height = image.height;
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
        }, png.toString("base64"));
        assert.ok(colours > 50, `${colours} colours`);
      }));

    it("saves the tables as CSV, every model and every value", () =>
      visit(reader, async (page) => {
        await page.waitForSelector(".sentence");
        const lines = (content) => content.toString().replace(/^\ufeff/, "").trimEnd().split("\r\n");
        const models = lines(await saved(page, "Models as CSV", "Digits - Models.csv"));
        assert.equal(models.length, 27);
        assert.match(models[0], /^model,parents,operation,parameters,tag,selected,passes filters,Accuracy,/);
        // Sorted as the table is.
        assert.match(models[1], /^cnn-small-int8,cnn-small,quantize,/);
        const chosen = lines(await saved(page, "Selected models as CSV", "Digits - Selected models.csv"));
        assert.equal(chosen.length, 3);
        assert.match(chosen[0], /^model,base model,/);
      }, { hash: linkTo(SELECTED, { sort: "Size" }) }));
  });
}
