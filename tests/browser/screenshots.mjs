// Pictures for the documentation: `make screenshots`. They are looked at, not compared.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { demoSite } from "./exporter.mjs";
import { launch } from "./launch.mjs";
import { fileSite } from "./site.mjs";
import { linkTo } from "./visit.mjs";

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const SELECTED = ["prune-all-50", "prune-all-70", "recalibrate-all-50", "recalibrate-all-70"];

/** Each picture: what the link shows, the viewport, and what must be there before it is taken. */
const PICTURES = [
  { name: "overview", hash: linkTo(SELECTED), width: 1280, height: 900, dark: false, ready: ".sentence" },
  { name: "overview-dark", hash: linkTo(SELECTED), width: 1280, height: 900, dark: true, ready: ".sentence" },
  { name: "run-here", hash: linkTo(["prune-all-50", "recalibrate-all-50", "int8-dynamic"], { instance: "3" }), width: 1280, height: 720, dark: false, ready: "[data-activation]", run: true },
];

const demo = await demoSite();
const site = fileSite(demo.folder);
const browser = await launch("chromium");
mkdirSync(IMAGES, { recursive: true });
for (const { name, hash, width, height, dark, ready, run } of PICTURES) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  await page.goto(`${site.base}index.html${hash}`);
  if (run) await page.locator("button.primary").click();
  await page.waitForSelector(ready);
  if (run) await page.$eval(".run", (panel) => panel.scrollIntoView());
  // Fonts, bars and legends settle within a frame or two.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await page.screenshot({ path: `${IMAGES}${name}.png` });
  await page.close();
}
await browser.close();
site.close();
demo.close();
