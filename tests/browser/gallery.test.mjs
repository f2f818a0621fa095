// Every panel in every state, light and dark, as the gallery shows it, is what its snapshot says: structure, words and names, without places and
// colours. `node --test gallery.test.mjs` with UPDATE=1 writes the snapshots; look at the difference, and at the gallery, before you commit them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { launch } from "./launch.mjs";
import { watch } from "./requests.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const VIEWER = here("../../viewer");
const SNAPSHOTS = here("../../viewer/src/gallery/__snapshots__/");

describe("the gallery", () => {
  let browser, shown;
  before(async () => {
    execFileSync("npx", ["--no-install", "vite", "build", "--config", "gallery.config.ts", "--logLevel", "warn"], { cwd: VIEWER });
    browser = await launch("chromium");
    shown = await stories(browser, "");
    if (!process.env.UPDATE) return;
    rmSync(SNAPSHOTS, { recursive: true, force: true });
    mkdirSync(SNAPSHOTS, { recursive: true });
    for (const [name, text] of Object.entries(shown)) writeFileSync(fileOf(name), text);
  });
  after(() => browser?.close());

  it("has a snapshot of every story and of nothing else", () => {
    assert.deepEqual(readdirSync(SNAPSHOTS).map((file) => `${SNAPSHOTS}${file}`).sort(), Object.keys(shown).map(fileOf).sort());
  });

  it("shows every story as its snapshot says", () => {
    for (const [name, text] of Object.entries(shown)) assert.equal(text, readFileSync(fileOf(name), "utf8"), name);
  });

  it("shows the same in dark", async () => {
    assert.deepEqual(await stories(browser, "#dark"), shown);
  });
});

function fileOf(name) {
  return `${SNAPSHOTS}${name.replaceAll(/[^a-z]+/g, "-")}.txt`;
}

/** What each story shows, as indented lines. */
async function stories(browser, hash) {
  const page = await browser.newPage();
  const seen = watch(page);
  await page.setViewport({ width: 1700, height: 1000 });
  await page.goto(`${pathToFileURL(`${VIEWER}/dist-gallery/index.html`).href}${hash}`);
  await page.waitForSelector("[data-story]");
  // Sizes are known after the first frame, and what depends on them after the next.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 200)))));
  // A worker takes over from the page.
  await page.waitForFunction(() => !document.querySelector("[data-painter=page]"));
  const found = await page.evaluate(() => {
    const NAMES = ["role", "aria-label", "aria-pressed", "aria-sort", "aria-disabled", "data-model", "data-point", "disabled", "open", "value"];
    const lines = (node, depth) => {
      const pad = "  ".repeat(depth);
      if (node.nodeType === Node.TEXT_NODE) return node.data.trim() ? [`${pad}${node.data.trim().replace(/\s+/g, " ")}`] : [];
      if (node.nodeType !== Node.ELEMENT_NODE) return [];
      const [svg, tag] = [node instanceof SVGElement, node.tagName.toLowerCase()];
      // What is drawn depends on the fonts of a machine; what it is called does not.
      if (svg && (tag === "text" || tag === "stop" || tag === "lineargradient" || tag === "title")) return [];
      const known = NAMES.filter((name) => node.hasAttribute(name)).map((name) => ` ${name}=${JSON.stringify(node.getAttribute(name))}`);
      const children = [...node.childNodes].flatMap((child) => lines(child, depth + 1));
      if (svg && tag !== "svg" && known.length === 0) return children;
      return [`${pad}${tag}${known.join("")}`, ...children];
    };
    return Object.fromEntries([...document.querySelectorAll("[data-story]")].map((story) => [story.dataset.story, `${lines(story, 0).join("\n")}\n`]));
  });
  await page.close();
  assert.deepEqual(seen.complaints, []);
  return found;
}
