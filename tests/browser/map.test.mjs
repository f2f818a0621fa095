// The Model Map: its arrangements, what it draws and marks, and how readers move on it, with few models and with many.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { studySite } from "./exporter.mjs";
import { BROWSERS, launch } from "./launch.mjs";
import { centres } from "./page/modelMap.mjs";
import { fileSite } from "./site.mjs";
import { generatedStudy } from "./studies.mjs";
import { eventually, linkTo, show, visit } from "./visit.mjs";

const METRICS = [
  { name: "Score", direction: "higher", primary: true },
  { name: "Cost", direction: "lower", primary: true, unit: "ms" },
];
const day = (index) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);

/** A family with two parents for one model, a value missing, NaN and infinite, and a model without a date. */
const FAMILY = {
  title: "Family",
  metrics: METRICS,
  models: [
    { id: "teacher", created: day(0), metrics: { Score: 0.9, Cost: 10 } },
    { id: "student", created: day(1), metrics: { Score: 0.7, Cost: 2 } },
    { id: "pruned", base: "teacher", operation: { name: "prune", parameters: { amount: 0.5 } }, created: day(2), metrics: { Score: 0.8 } },
    { id: "tuned", base: "pruned", operation: { name: "train" }, created: day(3), metrics: { Score: "NaN", Cost: 6 } },
    { id: "small", base: "pruned", operation: { name: "quantize" }, created: "last week", metrics: { Score: 0.6, Cost: 4 } },
    { id: "distilled", parents: ["student", "teacher"], operation: { name: "distill" }, created: day(6), metrics: { Score: 0.85, Cost: 2 } },
  ],
};

/** Bases with the same recipes on each: prune, train, quantize with several amounts. */
function recipes(count) {
  const models = [];
  const add = (id, base, operation, parameters) =>
    models.push({
      id,
      ...(base && { base, operation: { name: operation, parameters } }),
      created: day(models.length),
      metrics: { Score: 0.5 + (models.length % 40) / 100, Cost: 1 + (models.length % 17) },
    });
  for (let base = 0; models.length < count; base += 1) {
    add(`base-${base}`);
    for (const amount of [0.25, 0.5, 0.75, 0.9]) {
      add(`base-${base}-prune-${amount}`, `base-${base}`, "prune", { amount });
      add(`base-${base}-prune-${amount}-train`, `base-${base}-prune-${amount}`, "train", { epochs: 30 });
      add(`base-${base}-prune-${amount}-train-int8`, `base-${base}-prune-${amount}-train`, "quantize", { type: "int8" });
    }
  }
  return { title: "Recipes", metrics: METRICS, models: models.slice(0, count) };
}

/** Sixty models of one operation. */
const LEAVES = {
  title: "Leaves",
  metrics: METRICS,
  models: [
    { id: "resnet50", metrics: { Score: 0.8, Cost: 9 } },
    ...Array.from({ length: 60 }, (_, index) => ({
      id: `resnet50-magnitude-prune-${String(index + 1).padStart(2, "0")}`,
      base: "resnet50",
      operation: { name: "prune", parameters: { amount: (index + 1) / 64 } },
      metrics: { Score: 0.8 - index / 100, Cost: 9 - index / 10 },
    })),
  ],
};

const MAP = "[data-drawn]";
const option = (page, label) => page.waitForSelector(`::-p-xpath(//label[normalize-space() = "${label}"])`);
const headings = (page) => page.$$eval(".column text title", (titles) => titles.map((title) => title.textContent).filter(Boolean));
const drawn = (page) => page.$eval(MAP, (map) => Number(map.dataset.drawn));
const address = (page) => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
const selected = async (page) => (await page.evaluate(() => new URLSearchParams(location.hash.slice(1)).getAll("model"))).sort();
const zoomed = (page) => page.$eval("[aria-label='Zoom out']", (button) => !button.disabled);

async function choose(page, label) {
  await page.locator("button[aria-expanded]::-p-text(Select)").click();
  await page.waitForSelector(".sheet");
  await (await page.waitForSelector(`::-p-xpath(//div[contains(@class, "sheet")]//button[starts-with(normalize-space(), "${label}")])`)).click();
}

for (const name of BROWSERS) {
  describe(`the Model Map in ${name}`, () => {
    let browser;
    const sites = {};
    before(async () => {
      const studies = { family: FAMILY, sixty: recipes(60), leaves: LEAVES, deep: generatedStudy(60), many: recipes(1000) };
      for (const [key, study] of Object.entries(studies)) {
        const { folder } = await studySite(study, { "study.json": JSON.stringify(study).replace('"NaN"', "NaN") });
        sites[key] = fileSite(folder);
      }
      browser = await launch(name);
    });
    after(async () => {
      await browser?.close();
      for (const site of Object.values(sites)) site.close();
    });
    const on = (key, act, how) => visit({ browser, site: sites[key] }, act, how);

    it("stands models by operation, by step or by time, and the address says which", () =>
      on("family", async (page) => {
        assert.deepEqual([...(await headings(page))].sort(), ["base model", "distill", "prune", "quantize", "train"]);
        await (await option(page, "By step")).click();
        await eventually(() => headings(page), ["root", "step 1", "step 2"]);
        assert.deepEqual(await address(page), { arrangement: "step" });
        await (await option(page, "By time")).click();
        await eventually(() => headings(page), ["no date"]);
        const at = await centres(page);
        const dated = ["teacher", "student", "pruned", "tuned", "distilled"].map((id) => at.get(id).x);
        assert.deepEqual(dated, [...dated].sort((a, b) => a - b));
        // Days 0 to 3 and 6: the last gap is three days wide.
        assert.ok(Math.abs((dated[4] - dated[3]) / (dated[1] - dated[0]) - 3) < 0.1, String(dated));
        assert.ok(at.get("small").x < dated[0], "what has no date stands before the axis");
        assert.match(await page.$eval(".whole > p", (note) => note.textContent), /1 of 6 models has no date.*small \(“last week” is no ISO 8601 date\)/s);
        assert.deepEqual(await address(page), { arrangement: "time" });
      }));

    it("draws a link from every parent", () =>
      on("family", async (page) => {
        assert.equal((await page.$$("path.link")).length, 5);
        assert.equal((await page.$$("path.link.other")).length, 1);
      }));

    it("links a model's record to all its parents and children, each an address of its own", () =>
      on("family", async (page) => {
        const relatives = () =>
          page.$$eval(".details .relatives", (rows) => rows.map((row) => [row.previousElementSibling.textContent, ...[...row.querySelectorAll("a")].map((link) => link.textContent)]));
        await page.evaluate(() => (location.hash = "model=distilled"));
        await eventually(relatives, [["Parents", "teacher", "student"]]);
        await page.locator(".details a::-p-text(student)").click();
        await eventually(() => selected(page), ["student"]);
        await eventually(relatives, [["Child", "distilled"]]);
        assert.equal(await page.$eval(".details .relatives a", (link) => new URL(link.href).hash), "#model=distilled");
        await page.evaluate(() => (location.hash = "model=teacher"));
        await eventually(relatives, [["Children", "pruned", "distilled"]]);
      }));

    it("marks models without a value for colour or size, counts them in the legend and selects them there", () =>
      on("family", async (page) => {
        await page.waitForSelector("path.node");
        assert.deepEqual(await page.$$eval("circle.node.missing", (nodes) => nodes.map((node) => node.parentElement.dataset.model)), ["tuned"]);
        assert.deepEqual(await page.$$eval("path.node", (nodes) => nodes.map((node) => node.parentElement.dataset.model)), ["pruned"]);
        assert.equal(await page.$eval("[data-channel=colour] button", (button) => button.textContent.trim()), "1 NaN");
        assert.equal(await page.$eval("[data-channel=size] button", (button) => button.textContent.trim()), "1 without a value");
        await page.click("[data-channel=size] button");
        await eventually(() => selected(page), ["pruned"]);
      }, { hash: linkTo([], { colour: "Score", size: "Cost" }) }));

    it("selects relatives over all parents, the others and none", () =>
      on("family", async (page) => {
        await choose(page, "ancestors");
        await eventually(() => selected(page), ["distilled", "student", "teacher"]);
        await choose(page, "the others instead");
        await eventually(() => selected(page), ["pruned", "small", "tuned"]);
        await choose(page, "none");
        await eventually(() => selected(page), []);
      }, { hash: linkTo(["distilled"]) }));

    it("collapses a subtree to a count by key and expands it by a click, and a link restores it", async () => {
      await on("family", async (page) => {
        await page.$eval('[data-model="pruned"]', (node) => node.focus());
        await page.keyboard.press("c");
        await eventually(() => drawn(page), 4);
        assert.equal(await page.$eval(".fold text", (text) => text.textContent), "+2");
        assert.deepEqual(await address(page), { collapsed: "pruned" });
        assert.match(await page.$eval('[data-model="pruned"]', (node) => node.getAttribute("aria-label")), /stands for 2 more/);
      });
      await on("family", async (page) => {
        await eventually(() => drawn(page), 4);
        const { x, y, width, height } = await (await page.$(".fold rect")).boundingBox();
        await page.mouse.click(x + width / 2, y + height / 2);
        await eventually(() => drawn(page), 6);
        assert.deepEqual(await address(page), {});
      }, { hash: linkTo([], { collapsed: "pruned" }) });
    });

    it("zooms by keys, buttons and the wheel, pans, and shows the whole again", () =>
      on("sixty", async (page) => {
        const spread = async () => {
          const ys = [...(await centres(page)).values()].map(({ y }) => y);
          return Math.max(...ys) - Math.min(...ys);
        };
        const whole = await spread();
        await page.$eval('[data-model="base-2"]', (node) => node.focus());
        await page.keyboard.press("+");
        await eventually(async () => (await spread()) > whole * 1.2, true);
        await page.keyboard.press("0");
        await eventually(spread, whole);
        const box = await (await page.$(MAP)).boundingBox();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.keyboard.down("Control");
        await page.mouse.wheel({ deltaY: -300 });
        await page.keyboard.up("Control");
        await eventually(async () => (await spread()) > whole * 1.2, true);
        const before = (await centres(page)).get("base-0").y;
        await page.mouse.wheel({ deltaY: 60 });
        await eventually(async () => Math.round(before - (await centres(page)).get("base-0").y), 60);
        await page.mouse.down({ button: "middle" });
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2 + 40);
        await page.mouse.up({ button: "middle" });
        await eventually(async () => Math.round(before - (await centres(page)).get("base-0").y), 20);
        assert.deepEqual(await selected(page), []);
        await page.locator("button::-p-text(Fit)").click();
        await eventually(spread, whole);
        assert.equal(await zoomed(page), false);
      }));

    if (name === "chromium") {
      it("zooms and pans with two fingers, and leaves one finger to scrolling", () =>
        on("sixty", async (page) => {
          await page.setViewport({ width: 1280, height: 700, hasTouch: true });
          const session = await page.createCDPSession();
          const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
          const places = () => centres(page);
          const box = await (await page.$(MAP)).boundingBox();
          const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
          const before = await places();
          await touch("touchStart", [x, y - 30], [x, y + 30]);
          for (let step = 1; step <= 6; step += 1) await touch("touchMove", [x, y - 30 - step * 10], [x, y + 30 + step * 10]);
          const gap = (at) => at.get("base-4").y - at.get("base-0").y;
          await eventually(async () => gap(await places()) > gap(before) * 1.5, true, "fingers drawn apart zoom");
          const zoomedIn = await places();
          // What was between the fingers is there still.
          const middle = (at) => (at.get("base-0").y + at.get("base-4").y) / 2;
          for (let step = 1; step <= 4; step += 1) await touch("touchMove", [x, y - 90 + step * 10], [x, y + 90 + step * 10]);
          await eventually(async () => Math.round(middle(await places()) - middle(zoomedIn)), 40);
          assert.ok(Math.abs(gap(await places()) - gap(zoomedIn)) < 0.5, "fingers moved together do not zoom");
          await touch("touchEnd");
          assert.deepEqual(await selected(page), [], "nothing is selected by it");
          assert.equal(await page.evaluate(() => scrollY), 0, "the page stays where it is");
          // A tap selects as a click does.
          const inView = [...(await places())].find(([, place]) => place.x > box.x + 10 && place.y > box.y + 60 && place.y < box.y + box.height - 20);
          await touch("touchStart", [inView[1].x, inView[1].y]);
          await touch("touchEnd");
          await eventually(() => selected(page), [inView[0]]);
          await touch("touchStart", [x, y]);
          for (let step = 1; step <= 8; step += 1) await touch("touchMove", [x, y - step * 20]);
          await touch("touchEnd");
          await eventually(() => page.evaluate(() => scrollY > 20), true, "one finger scrolls the page");
          assert.deepEqual(await selected(page), [inView[0]]);
        }));
    }

    it("takes the whole window and gives it back, which the address and undo know", () =>
      on("sixty", async (page) => {
        const size = () => page.$eval(".surface", ({ clientWidth, clientHeight }) => [clientWidth, clientHeight]);
        const before = await size();
        await page.click("[aria-label='Map over the whole window']");
        await eventually(async () => (await size())[0] > 1350 && (await size())[1] > 800, true);
        const box = await page.$eval("[data-chart='Model Map']", (panel) => panel.getBoundingClientRect().toJSON());
        assert.ok(box.top >= 0 && box.bottom <= 1000, "all of it is in view");
        await eventually(() => address(page), { enlarged: "1" });
        await page.keyboard.down("Control");
        await page.keyboard.press("z");
        await page.keyboard.up("Control");
        await eventually(size, before);
      }));

    // Chains of nineteen operations have no room for whole names beside a table; over the whole window most are whole.
    for (const [site, hash] of [["sixty", ""], ["leaves", ""], ["deep", "#enlarged=1"]]) {
      it(`names all of sixty models when the whole map is in view on a small screen, none clipped or covered (${site})`, () =>
        on(site, async (page) => {
          await page.setViewport({ width: 1280, height: 720 });
          await page.evaluate((to) => (location.hash = to), hash);
          await page.waitForFunction(() => document.querySelectorAll("[data-model] text").length >= 60);
          const view = await page.$eval(".surface", (surface) => surface.getBoundingClientRect().toJSON());
          const names = await page.$$eval("[data-model]", (nodes) =>
            nodes.map((node) => {
              const text = node.querySelector("text");
              const { left, right, top, bottom } = text?.getBoundingClientRect() ?? {};
              const size = text ? parseFloat(getComputedStyle(text).fontSize) : 0;
              // Letters are as high as the font is large; the box of a text is higher, by as much as each browser likes.
              const middle = (top + bottom) / 2;
              return { id: node.dataset.model, text: text?.textContent, size, left, right, top: middle - size / 2, bottom: middle + size / 2 };
            }),
          );
          assert.deepEqual(names.filter(({ size }) => !(size >= 9)).map(({ id }) => id), []);
          assert.ok(names.filter(({ text }) => text.includes("…")).length <= (site === "deep" ? 4 : 0), "names are whole");
          assert.deepEqual(names.filter((name) => name.left < view.left || name.right > view.right || name.top < view.top || name.bottom > view.bottom), []);
          const covered = names.flatMap((a, index) =>
            names.slice(index + 1).filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom).map((b) => `${a.id} / ${b.id}`),
          );
          assert.deepEqual(covered, []);
        }));
    }

    it("with a thousand models paints them, finds them under the pointer and by keyboard, and has a map of the map once zoomed", () =>
      on("many", async (page) => {
        assert.equal(await drawn(page), 1000);
        assert.ok((await page.$$("[data-model]")).length <= 2, "marks are painted");
        assert.equal(await page.$(".minimap"), null);
        // The one element is where Tab arrives; arrows and Enter go on from there.
        await page.$eval("[data-model]", (node) => node.focus());
        await page.keyboard.press("ArrowRight");
        await eventually(() => page.evaluate(() => document.activeElement.dataset.model?.includes("prune") ?? false), true);
        const id = await page.evaluate(() => document.activeElement.dataset.model);
        await page.keyboard.press("Enter");
        await eventually(() => selected(page), [id]);
        const { x, y } = (await centres(page)).get(id);
        await page.evaluate(() => document.activeElement.blur());
        await page.mouse.move(1, 1);
        await page.mouse.move(x, y);
        await eventually(() => page.$$eval("[data-model].hovered", (nodes) => nodes.length), 1);
        await page.waitForSelector("[role=tooltip]");
        await page.keyboard.down("Control");
        await page.mouse.wheel({ deltaY: -700 });
        await page.keyboard.up("Control");
        await page.waitForSelector(".minimap");
        const box = await (await page.$(MAP)).boundingBox();
        await page.mouse.move(box.x + 2, box.y + 60);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width - 200, box.y + box.height - 120, { steps: 3 });
        await page.mouse.up();
        await eventually(async () => (await selected(page)).length > 3, true);
      }));

    it("has a thousand models painted by a worker, and paints them itself, to the same pixel, where workers cannot or fail", async () => {
      const crippled = {
        none: () => delete window.OffscreenCanvas,
        failing: () => {
          window.Worker = class {
            postMessage() {
              setTimeout(() => this.onerror({ preventDefault() {} }));
            }
            terminate() {}
          };
        },
      };
      const hash = linkTo(["base-3-prune-0.5"], { filter: JSON.stringify(["metric", "Score", 0.6, null]) });
      const look = async (page) => Buffer.from(await (await page.$("[data-chart='Model Map'] .surface")).screenshot()).toString("base64");
      const still = async (page) => {
        const pictures = [await look(page)];
        await eventually(async () => pictures.push(await look(page)) && pictures.at(-1) === pictures.at(-2), true);
        return pictures.at(-1);
      };
      let filtered;
      await on("many", async (page) => {
        await page.waitForSelector("[data-painter=worker]");
        assert.equal((await page.$$("[data-painter] canvas")).length, 1);
        filtered = await still(page);
        await show(page);
        assert.notEqual(await still(page), filtered, "the filter is to be seen");
      }, { hash });
      for (const [how, cripple] of Object.entries(crippled)) {
        await on("many", async (page) => {
          await eventually(async () => (await look(page)) === filtered, true, how);
          assert.equal((await page.$$("[data-painter=page] canvas")).length, 1);
        }, { hash, before: (page) => page.evaluateOnNewDocument(cripple) });
      }
    });

    it("draws a thousand models one by one for a picture of them, as the reader saves it, and paints them again afterwards", () =>
      on("many", async (page) => {
        await page.click("[data-share] > button");
        // The map's own listener came first.
        await page.evaluate(() => addEventListener("cc-beforepicture", () => (window.pictured = document.querySelectorAll("[data-model]").length)));
        await page.click('[aria-label="Model Map as SVG"]');
        await eventually(() => page.evaluate(() => window.pictured), 1000);
        await eventually(async () => (await page.$$("[data-model]")).length <= 2, true);
      }));
  });
}
