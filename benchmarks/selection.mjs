// The selections of selection.py, asked of Python in the page: `node benchmarks/selection.mjs [chromium|firefox]`. Milliseconds from
// question to answer as the page waits for them, the study's models included in every question.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { demoSite } from "../tests/browser/exporter.mjs";
import { launch } from "../tests/browser/launch.mjs";
import { fileSite } from "../tests/browser/site.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON = process.env.CC_PYTHON ?? here("../.venv/bin/python");
const questions = JSON.parse(execFileSync(PYTHON, [here("selection.py"), "--questions"], { maxBuffer: 1 << 28 }));
const demo = await demoSite();
const site = fileSite(demo.folder);
const browser = await launch(process.argv[2] ?? "chromium");
const page = await browser.newPage();
await page.goto(`${site.base}index.html`);
await page.waitForFunction(() => window.__cc);
await page.evaluate(() => window.__cc.python.warm());
console.log(`${"milliseconds".padEnd(38)}${["median", "p95", "p99", "max"].map((head) => head.padStart(9)).join("")}`);
for (const { title, models, selections } of questions) {
  const times = await page.evaluate(async (models, selections) => {
    const found = [];
    for (const selected of selections) {
      const start = performance.now();
      await window.__cc.python.call("chart", { models, selected });
      found.push(performance.now() - start);
    }
    return found.sort((a, b) => a - b);
  }, models, selections);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1).padStart(9);
  console.log(`${title.padEnd(38)}${at(0.5)}${at(0.95)}${at(0.99)}${at(1)}`);
}
await browser.close();
site.close();
