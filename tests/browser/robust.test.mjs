// Studies as they are: values that are missing, not numbers, all equal or below zero, names of any kind, one model, no operations, two
// thousand models. Every model is drawn or listed, nothing is drawn at a place that is no number, and nothing complains.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { studySite } from "./exporter.mjs";
import { BROWSERS, launch } from "./launch.mjs";
import { drawnModels } from "./page/modelMap.mjs";
import { fileSite } from "./site.mjs";
import { generatedStudy } from "./studies.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

const LONG = "long ".repeat(60).trim();
const NAMES = ["root", "commas, and; more", `“quotes” "double" 'single'`, "emoji 🙂👩‍🔬", LONG, "twin a", "twin b", "<b>&amp;</b>"];
const METRICS = ["Gain", "Cost", "Constant", "Holes"];
const ODD = {
  title: "Odd",
  metrics: [
    { name: "Gain", direction: "higher", primary: true },
    { name: "Cost", direction: "lower", primary: true },
    { name: "Constant", direction: "higher" },
    { name: "Holes", direction: "neither" },
  ],
  models: NAMES.map((id, place) => ({
    id,
    ...(place > 0 && { base: NAMES[0], operation: { name: place % 2 ? "prune" : "quantize", parameters: { amount: place } } }),
    metrics: {
      Gain: id.startsWith("twin") ? -2 : [-5, "NaN", 0, 1e-300, "Infinity", 0, 0, "-Infinity"][place],
      Cost: id.startsWith("twin") ? 7 : [0, 1, 1e12, 3, -4, 0, 0, 2][place],
      Constant: 0.5,
      ...(place === 2 && { Holes: 1 }),
    },
  })),
};
/** NaN and infinities as Python writes them, which JSON itself cannot say. */
const ODD_TEXT = JSON.stringify(ODD).replace(/"(NaN|-?Infinity)"/g, "$1");

const SINGLE = { title: "Single", metrics: [{ name: "Accuracy" }], models: [{ id: "only", metrics: { Accuracy: 0.9 } }] };
const PLAIN = { title: "Plain", metrics: [{ name: "Accuracy" }], models: ["a", "b", "c"].map((id, place) => ({ id, metrics: { Accuracy: place } })) };

/** Ranges that scales find hard: from the least to the greatest numbers there are, of the last bits of a number, below zero, of one value. */
const RANGES = {
  title: "Ranges",
  metrics: ["Huge", "Overflow", "Tiny", "Negative", "Same"].map((name) => ({ name, direction: "higher" })),
  models: [1e-300, 1e-150, 1, 1e150, 1e300].map((huge, place) => ({
    id: `model ${place}`,
    metrics: { Huge: huge, Overflow: [-1.7e308, 0, 1, -1, 1.7e308][place], Tiny: 1 + place * Number.EPSILON, Negative: -1 - place, Same: -3 },
  })),
};

const ADD = 'select:has(option[value=""]):has(optgroup)';
const selected = (page) => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).getAll("model").sort());
const drawn = (page) => page.$eval("[data-drawn]", (map) => Number(map.dataset.drawn));
const left = (page) => page.$eval('[aria-label="Filters"] .side [role="status"]', (node) => node.textContent.replace(/\s+/g, " ").trim());

/** Replaces what a field holds. */
async function type(page, label, text) {
  const field = await page.waitForSelector(`[aria-label="${label}"]`);
  await field.evaluate((input) => (input.focus(), input.select()));
  await page.keyboard.type(text);
  await page.keyboard.press("Tab");
}

/** Attributes of drawings that say NaN, Infinity or undefined. */
function misplaced(page) {
  return page.$$eval("svg *", (marks) =>
    marks.flatMap((mark) =>
      [...mark.attributes]
        .filter(({ name, value }) => !/^(aria-label|data-|title)/.test(name) && /NaN|Infinity|undefined/.test(value))
        .map(({ name, value }) => `${mark.tagName} ${name}=${value}`),
    ),
  );
}

for (const name of BROWSERS) {
  describe(`odd studies in ${name}`, () => {
    const made = {};
    const sites = {};
    let browser;
    const at = (study, act, hash = "") => visit({ browser, site: sites[study] }, act, { hash });
    before(async () => {
      browser = await launch(name);
      made.odd = await studySite(ODD, { "study.json": ODD_TEXT });
      made.single = await studySite(SINGLE);
      made.plain = await studySite(PLAIN);
      made.ranges = await studySite(RANGES);
      if (name === "chromium") made.many = await studySite(generatedStudy(2000));
      for (const [study, { folder }] of Object.entries(made)) sites[study] = fileSite(folder);
    });
    after(async () => {
      await browser?.close();
      for (const site of Object.values(sites)) site.close();
    });

    it("draws every model whatever colour, size and axes show, and nothing at a place that is no number", () =>
      at("odd", async (page) => {
        for (const metric of METRICS) {
          for (const other of METRICS) {
            const rest = { panel: "plot", colour: metric, size: other, plotX: metric, plotY: other, logX: "1", logY: "1" };
            await page.evaluate((to) => (location.hash = to), linkTo([], rest));
            await eventually(() => page.$$eval("select[aria-label$=axis]", (axes) => axes.map(({ value }) => value)), [other, metric]);
            assert.deepEqual(await drawnModels(page), NAMES);
            assert.deepEqual(await misplaced(page), [], `${metric} and ${other}`);
          }
        }
      }));

    it("lists beside the scatterplot what has no place on it, by name and reason", () =>
      at(
        "odd",
        async (page) => {
          await page.waitForSelector("[data-point]");
          const unshown = await page.$eval("::-p-xpath(//p[starts-with(normalize-space(), 'Not shown')])", (node) => node.textContent.replace(/\s+/g, " "));
          assert.match(unshown, /commas, and; more \(Gain is NaN\)/);
          assert.match(unshown, /<b>&amp;<\/b> \(Gain is (−|-)(∞|Infinity)\)/);
          await page.click('[data-point="twin a"]');
          await eventually(() => selected(page), ["twin a", "twin b"]);
        },
        linkTo([], { panel: "plot", plotX: "Cost", plotY: "Gain" }),
      ));

    it("selects names of any kind and restores them from the address in a new page", () =>
      at("odd", async (page) => {
        await page.click("::-p-xpath(//button[normalize-space() = 'Select all'])");
        await eventually(() => selected(page), [...NAMES].sort());
        const hash = await page.evaluate(() => location.hash);
        await at("odd", (copy) => eventually(() => selected(copy), [...NAMES].sort()), hash);
        assert.deepEqual(await misplaced(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
        assert.equal(wide, false, "long names make the page scroll sideways");
      }));

    it("filters a metric that is the same for all, and says when nothing passes", () =>
      at("odd", async (page) => {
        await page.select(ADD, JSON.stringify(["metric", "Constant"]));
        await type(page, "Constant at least", "0.5");
        await eventually(() => left(page).then((text) => text.includes("8 of 8")), true);
        await type(page, "Constant at least", "0.6");
        await eventually(() => left(page), "No model passes, 8 hidden");
        assert.deepEqual(await misplaced(page), []);
      }));

    it("filters by ranges that scales find hard, from the values that there are", () =>
      at("ranges", async (page) => {
        const bounds = async (metric) => {
          await page.select(ADD, JSON.stringify(["metric", metric]));
          await page.waitForSelector(`[aria-label="${metric} at most"]`);
          return Promise.all(["least", "most"].map((end) => page.$eval(`[aria-label="${metric} at ${end}"]`, (field) => field.placeholder)));
        };
        const brush = async (metric, from, to) => {
          const box = await (await page.$(`fieldset svg[aria-label^="${metric} "]`)).boundingBox();
          await page.mouse.move(box.x + box.width * from, box.y + 10);
          await page.mouse.down();
          await page.mouse.move(box.x + box.width * ((from + to) / 2), box.y + 12, { steps: 2 });
          await page.mouse.move(box.x + box.width * to, box.y + 10, { steps: 2 });
          await page.mouse.up();
        };
        assert.deepEqual(await bounds("Huge"), ["1e-300", "1e+300"]);
        await brush("Huge", 0.4, 0.6);
        await eventually(() => left(page), "1 of 5 models pass, 4 hidden");
        await type(page, "Huge at least", "1e-200");
        await type(page, "Huge at most", "1e300");
        await eventually(() => left(page), "4 of 5 models pass, 1 hidden");
        assert.deepEqual(await bounds("Overflow"), ["−1.7e+308", "1.7e+308"]);
        await brush("Overflow", 0.75, 1.2);
        await eventually(() => left(page), "1 of 5 models pass, 4 hidden");
        await page.click('[aria-label="Remove the filter on Overflow"]');
        assert.deepEqual(await bounds("Tiny"), ["1", "1.0000000000000009"]);
        assert.deepEqual(await bounds("Negative"), ["−5", "−1"]);
        await type(page, "Negative at most", "-3");
        await eventually(() => left(page), "3 of 5 models pass, 2 hidden");
        assert.deepEqual(await bounds("Same"), ["−3", "−3"]);
        await brush("Same", 0.6, 1.2);
        await eventually(() => left(page), "No model passes, 5 hidden");
        assert.deepEqual(await misplaced(page), []);
      }));

    it("brushes the map and a histogram from their very edges", () =>
      at("plain", async (page) => {
        const drag = async (box, from, to) => {
          await page.mouse.move(box.x + from.x, box.y + from.y);
          await page.mouse.down();
          await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 2 });
          await page.mouse.move(box.x + to.x, box.y + to.y, { steps: 2 });
          await page.mouse.up();
        };
        const map = await (await page.$("svg[data-drawn]")).boundingBox();
        await drag(map, { x: 1, y: map.height - 1 }, { x: map.width + 40, y: 1 });
        await eventually(() => selected(page), ["a", "b", "c"]);
        await page.select(ADD, JSON.stringify(["metric", "Accuracy"]));
        const histogram = await (await page.waitForSelector("fieldset svg")).boundingBox();
        await drag(histogram, { x: 0.5, y: 10 }, { x: histogram.width * 0.7, y: 10 });
        await eventually(() => left(page), "2 of 3 models pass, 1 hidden");
      }));

    it("shows a study of one model, and its record once selected", () =>
      at("single", async (page) => {
        assert.deepEqual(await drawnModels(page), ["only"]);
        await page.click('[data-model="only"] .node');
        await eventually(() => selected(page), ["only"]);
        assert.match(await page.$eval(".details", (panel) => panel.innerText), /only/);
        assert.deepEqual(await misplaced(page), []);
      }));

    it("compares models that no operation made by their names", () =>
      at(
        "plain",
        async (page) => {
          await page.waitForSelector(".sentence");
          assert.equal(await page.$eval(".sentence", (sentence) => sentence.textContent), "3 models differ in base model (a, b, c).");
          assert.deepEqual(await misplaced(page), []);
        },
        linkTo(["a", "b", "c"]),
      ));

    if (name === "chromium") {
      it("shows two thousand models, filters them to none and back, and selects by a rectangle", () =>
        at("many", async (page) => {
          await eventually(() => drawn(page), 2000);
          await page.select(ADD, JSON.stringify(["metric", "Accuracy"]));
          await type(page, "Accuracy at least", "100 %");
          await eventually(() => left(page), "No model passes, 2000 hidden");
          await page.click("::-p-xpath(//button[normalize-space() = 'Remove all filters'])");
          const { x, y, width, height } = await (await page.$("svg[data-drawn]")).boundingBox();
          await page.mouse.move(x + 2, y + height - 2);
          await page.mouse.down();
          await page.mouse.move(x + width - 2, y + height * 0.94, { steps: 3 });
          await page.mouse.up();
          await eventually(() => selected(page).then((ids) => ids.length > 10 && ids.length < 1000), true);
          await page.waitForSelector(".sentence");
          // One that ends on a painted model is a rectangle too, and not a click on the model.
          const last = await (await page.$("[data-model][tabindex='0']")).boundingBox();
          await page.mouse.move(x + width - 2, y + height - 2);
          await page.mouse.down();
          await page.mouse.move(last.x + last.width / 2, last.y + last.height / 2, { steps: 3 });
          await page.mouse.up();
          await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
          const chips = await page.$$eval(".chip:not(.base)", (all) => all.length);
          assert.ok(chips > 1, `selected ${chips}`);
        }));
    }
  });
}
