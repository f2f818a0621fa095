// axe-core finds no violation of WCAG 2.2 AA, whatever is shown, in light and dark; and every part can be reached and used by keyboard.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { demoSite, studySite } from "./exporter.mjs";
import { BROWSERS, launch } from "./launch.mjs";
import { readerOf } from "./reader.mjs";
import { fileSite } from "./site.mjs";
import { generatedStudy } from "./studies.mjs";
import { eventually, linkTo, visit } from "./visit.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const SELECTED = [
  "resnet8", "prune-all-50", "recalibrate-all-50", "int8-dynamic", "prune-spare-50", "cnn-small", "cnn-small-int8", "float16",
];

/** What is looked at: an address, and what the reader did there. */
const STATES = [
  { name: "nothing selected", hash: "" },
  { name: "1 model selected", hash: linkTo(SELECTED.slice(0, 1)) },
  { name: "2 models selected", hash: linkTo(SELECTED.slice(0, 2)) },
  { name: "4 models selected", hash: linkTo(SELECTED.slice(0, 4)) },
  { name: "8 models selected beside the scatterplot", hash: linkTo(SELECTED, { panel: "plot" }) },
  { name: "filters", hash: linkTo([]), act: addFilters },
  { name: "the list of keys", hash: "", act: (page) => page.keyboard.press("?") },
  { name: "a model hovered", hash: "", act: (page) => page.hover('[data-model="resnet8"]') },
];

for (const name of BROWSERS) {
  describe(`what axe-core says of the page in ${name}`, () => {
    const reader = readerOf(name, demoSite);

    // Firefox draws the same elements: the fullest state is enough there.
    const states = name === "chromium" ? STATES : STATES.filter((state) => state.name.startsWith("8 "));
    for (const theme of ["light", "dark"]) {
      for (const state of states) {
        it(`nothing of ${state.name}, ${theme}`, () =>
          visit(
            reader,
            async (page) => {
              await page.click(`header label:has(input[type=radio][value=${theme}])`);
              await settled(page, state.hash);
              await state.act?.(page);
              assert.deepEqual(await violations(page), []);
            },
            { hash: state.hash },
          ));
      }
    }

    if (name === "chromium") {
      it("it does find what is wrong: a picture without words, text too faint to read", () =>
        visit(reader, async (page) => {
          await page.evaluate(() => {
            const wrong = document.createElement("p");
            wrong.style.color = "#ccc";
            wrong.style.background = "#fff";
            wrong.append("too faint", document.createElement("button"));
            document.querySelector("main").append(wrong);
          });
          const found = (await violations(page)).map((violation) => violation.split(":")[0]);
          assert.deepEqual(found.sort(), ["button-name", "color-contrast"]);
        }));

      it("nothing of a study of 300 models", async () => {
        const many = await studySite(generatedStudy(300));
        const manySite = fileSite(many.folder);
        try {
          await visit({ ...reader, site: manySite }, async (page) => assert.deepEqual(await violations(page), []));
        } finally {
          manySite.close();
        }
      });
    }
  });
}

for (const name of BROWSERS) {
  describe(`a reader of ${name}`, () => {
    let site;
    before(async () => (site = fileSite((await demoSite()).folder)));
    after(() => site?.close());

    it("who has text twice as large reads all of it, drawings included, without scrolling sideways", async () => {
      const browser = await launch(name, { text: 32 });
      try {
        await visit(
          { browser, site },
          async (page) => {
            await page.waitForSelector(".sentence");
            for (const width of [1280, 800]) {
              await page.setViewport({ width, height: 720 });
              // Names find their places anew.
              await eventually(() => page.$eval(".surface > svg", (svg) => svg.getBoundingClientRect().right <= innerWidth), true);
              assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${width} pixels`);
              const sizes = await page.$$eval(".surface [data-model] text", (texts) => texts.map((text) => parseFloat(getComputedStyle(text).fontSize)));
              assert.equal(sizes.length, 26);
              assert.ok(Math.min(...sizes) >= 18, `names of ${Math.min(...sizes)} pixels`);
              const small = await page.$$eval("main :is(p, th, td, button, label, text)", (nodes) =>
                nodes.filter((node) => node.textContent.trim() && parseFloat(getComputedStyle(node).fontSize) < 18).map((node) => node.textContent.trim()),
              );
              assert.deepEqual(small, []);
            }
          },
          { hash: linkTo(SELECTED.slice(0, 4)) },
        );
      } finally {
        await browser.close();
      }
    });

    it("who wants less motion sees none", async () => {
      const browser = await launch(name, { still: true });
      try {
        await visit({ browser, site }, async (page) => {
          assert.ok(await page.evaluate(() => matchMedia("(prefers-reduced-motion: reduce)").matches));
          await page.click('[data-model="resnet8"] .node');
          await page.keyboard.press("+");
          await page.hover('[data-model="prune-all-50"] .node');
          const moving = await page.evaluate(() => document.getAnimations().filter(({ effect }) => effect.getComputedTiming().duration > 1).length);
          assert.equal(moving, 0);
          // Waiting is told in words.
          const shown = await page.evaluate(() => {
            const bar = document.querySelector("main").appendChild(document.createElement("progress"));
            return [getComputedStyle(bar).display, (bar.value = 0.5) && getComputedStyle(bar).display !== "none"];
          });
          assert.deepEqual(shown, ["none", true]);
        });
      } finally {
        await browser.close();
      }
    });

    if (name === "chromium") {
      it("whose system forces colours sees words and lines in them, what is chosen, and the colours of data", async () => {
        const browser = await launch(name);
        try {
          await visit({ browser, site }, async (page) => {
            const session = await page.createCDPSession();
            const data = () => page.$$eval("tbody .dot", (dots) => dots.map((dot) => getComputedStyle(dot).backgroundColor));
            const colours = await data();
            await session.send("Emulation.setEmulatedMedia", { features: [{ name: "forced-colors", value: "active" }] });
            const seen = await page.evaluate(() => {
              const probe = document.querySelector("main").appendChild(document.createElement("p"));
              const system = (colour) => ((probe.style.color = colour), getComputedStyle(probe).color);
              const style = (selector, part) => getComputedStyle(document.querySelector(selector))[part];
              return {
                words: style(".surface [data-model] text", "fill") === system("CanvasText"),
                halo: style(".surface [data-model] text", "stroke") === system("Canvas"),
                lines: style(".column-line", "stroke") === system("CanvasText"),
                chosen: style("fieldset label.chosen", "backgroundColor") === system("Highlight"),
                other: style("fieldset label:not(.chosen)", "backgroundColor") === system("Highlight"),
              };
            });
            assert.deepEqual(seen, { words: true, halo: true, lines: true, chosen: true, other: false });
            assert.deepEqual(await data(), colours);
          });
        } finally {
          await browser.close();
        }
      });
    }
  });
}

async function addFilters(page) {
  const add = 'select:has(option[value=""]):has(optgroup)';
  await page.select(add, JSON.stringify(["metric", "Size"]));
  await page.select(add, JSON.stringify(["value", "operation"]));
  await page.waitForSelector('[aria-label="Size at most"]');
}

/** What differs takes Python a moment where the exporter has not worked it out. */
async function settled(page, hash) {
  if (new URLSearchParams(hash.slice(1)).getAll("model").length > 1) await page.waitForSelector(".sentence");
}

/**
 * Each violation as one line: the rule, and the elements that break it.
 * The policy of the page keeps scripts out; a debugger's evaluation is none of its business.
 */
async function violations(page) {
  // preload: false, since axe would otherwise fetch the style sheet, which the policy refuses.
  await page.evaluate(AXE);
  return page.evaluate(
    async (values) => {
      // Fading colours are measured where they end.
      await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
      const { violations } = await window.axe.run(document, { preload: false, runOnly: { type: "tag", values }, resultTypes: ["violations"] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary.split("\n").at(-1).trim()})`).join("; ")}${nodes.length > 4 ? ` and ${nodes.length - 4} more` : ""}`);
    },
    RULES,
  );
}
