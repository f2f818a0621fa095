// How fast the Overview is in headless Chromium on file://, with generated studies of 52 and 1,000 models: medians of several runs.
//
//     node benchmarks/overview.mjs [--runs 7]
//
// Needs the builds of wasm/ and viewer/. Navigation and selection are wall-clock from the page's own clock, in a browser that has come to
// rest but has never seen the page. The other figures are CPU time of the main thread (style, layout and painting included, but not what the
// worker does that paints large maps) for one step of the pointer or the wheel, so that they mean the same on a busy machine: the 95th
// percentile of a run's steps. Each run also times the sorting of a million numbers.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { studySite } from "../tests/browser/exporter.mjs";
import { launch } from "../tests/browser/launch.mjs";
import { fileSite } from "../tests/browser/site.mjs";
import { generatedStudy } from "../tests/browser/studies.mjs";
import { linkTo } from "../tests/browser/visit.mjs";

/** What is promised: milliseconds, but for the bytes. */
const FIGURES = {
  drawn52: { label: "navigation to map drawn, 52 models", target: 300, unit: "ms" },
  drawn1000: { label: "navigation to map drawn, 1,000 models", target: 600, unit: "ms" },
  bytes: { label: "gzip bytes of that first view, 52 models", target: 150, unit: "KB" },
  zoom: { label: "zoom by the wheel, p95 CPU", target: 16, unit: "ms" },
  pan: { label: "pan by dragging, p95 CPU", target: 16, unit: "ms" },
  hover: { label: "hover to highlight everywhere, p95 CPU", target: 16, unit: "ms" },
  brush: { label: "filter brush, p95 CPU of a move", target: 16, unit: "ms" },
  select: { label: "selecting 16 of 1,000, Python running", target: 300, unit: "ms" },
  reference: { label: "reference (sort 10⁶ numbers)", unit: "ms" },
};
const STEPS = 60;

async function main() {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "7" } } });
  const studies = { 52: generatedStudy(52), 1000: generatedStudy(1000) };
  const made = { 52: await studySite(studies[52]), 1000: await studySite(studies[1000]) };
  const sites = { 52: fileSite(made[52].folder), 1000: fileSite(made[1000].folder) };
  try {
    const runs = [];
    for (let run = 0; run < Number(values.runs); run += 1) runs.push(await measure(sites, studies[1000].models, run));
    print(runs);
  } finally {
    for (const site of Object.values(sites)) site.close();
  }
}

async function measure(sites, models, run) {
  // A browser for each run: nothing of the page is warm. In its first second it prepares pages of its own.
  const browser = await launch("chromium");
  try {
    await atRest(browser);
    const small = await firstView(browser, sites[52], 52);
    const large = await firstView(browser, sites[1000], models.length);
    const figures = { drawn52: small.milliseconds, bytes: small.bytes / 1000, drawn1000: large.milliseconds, reference: await reference(small.page) };
    await small.page.close();
    const { page } = large;
    const thread = await threadOf(page);
    figures.zoom = await worst(zooming(page), thread);
    figures.pan = await worst(panning(page), thread);
    await page.keyboard.press("0");
    figures.hover = await worst(hovering(page), thread);
    figures.brush = await worst(await brushing(page), thread);
    figures.select = await selecting(page, models, run);
    return figures;
  } finally {
    await browser.close();
  }
}

/** Waits until the browser's processes have done next to nothing for a while. */
async function atRest(browser) {
  const session = await browser.target().createCDPSession();
  const spent = async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  let before = await spent();
  for (let calm = 0, tries = 0; calm < 3 && tries < 60; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = await spent();
    calm = now - before < 0.03 ? calm + 1 : 0;
    before = now;
  }
  await session.detach();
}

/** Opens a site; the clock is the page's, from navigation to the frame after the map has all its models. */
async function firstView(browser, { base, folder }, count) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  const requested = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.evaluateOnNewDocument((wanted) => {
    const look = () => {
      if (document.querySelector("[data-drawn]")?.dataset.drawn !== String(wanted)) return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => (window.drawnAt = performance.now())));
    };
    requestAnimationFrame(look);
  }, count);
  await page.goto(`${base}index.html`);
  const milliseconds = await page.waitForFunction(() => window.drawnAt).then((handle) => handle.jsonValue());
  // index.html names what the first view needs; what is loaded after it is not part of it.
  const html = readFileSync(join(folder, "index.html"), "utf8");
  const files = ["index.html", ...[...html.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, file]) => file)];
  for (const file of files) if (!requested.some((url) => url.endsWith(`/${file}`))) throw new Error(`${file} was not requested`);
  return { page, milliseconds, bytes: files.reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0) };
}

/** The main thread's CPU time so far, in milliseconds. */
async function threadOf(page) {
  const session = await page.createCDPSession();
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
}

/** The 95th percentile of what a step costs, until its frame and the next are drawn. */
async function worst(step, thread) {
  const costs = [];
  for (let number = 0; number < STEPS; number += 1) {
    const before = await thread();
    await step(number);
    await step.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    costs.push((await thread()) - before);
  }
  await step.end?.();
  return costs.sort((a, b) => a - b)[Math.floor(0.95 * STEPS)];
}

async function boxOf(page, selector) {
  return page.$eval(selector, (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, width, height };
  });
}

function zooming(page) {
  const step = async (number) => {
    const { x, y, width, height } = await boxOf(page, "svg[data-drawn]");
    if (number === 0) await page.mouse.move(x + width / 2, y + height / 2);
    await page.keyboard.down("Control");
    await page.mouse.wheel({ deltaY: number % 20 < 12 ? -60 : 60 });
    await page.keyboard.up("Control");
  };
  return Object.assign(step, { page });
}

function panning(page) {
  const step = async (number) => {
    const { x, y, width, height } = await boxOf(page, "svg[data-drawn]");
    if (number === 0) {
      await page.mouse.move(x + width / 2, y + height / 2);
      await page.mouse.down({ button: "middle" });
    }
    await page.mouse.move(x + width / 2 + 60 * Math.sin(number / 4), y + height / 2 + 60 * Math.cos(number / 4));
  };
  return Object.assign(step, { page, end: () => page.mouse.up({ button: "middle" }) });
}

/** Over the whole map from corner to corner, past many models. */
function hovering(page) {
  const step = async (number) => {
    const { x, y, width, height } = await boxOf(page, "svg[data-drawn]");
    await page.mouse.move(x + (width * (number + 1)) / (STEPS + 2), y + 60 + ((height - 80) * ((number * 7) % STEPS)) / STEPS);
  };
  return Object.assign(step, { page, end: () => page.mouse.move(1, 1) });
}

async function brushing(page) {
  await page.select('select:has(option[value=""]):has(optgroup)', JSON.stringify(["metric", "Accuracy"]));
  await page.waitForSelector('[aria-label="Accuracy at least"]');
  const { x, y, width, height } = await boxOf(page, "fieldset svg");
  const step = async (number) => {
    if (number === 0) {
      await page.mouse.move(x + 2, y + height / 2);
      await page.mouse.down();
    }
    await page.mouse.move(x + 4 + ((width - 8) * (number + 1)) / STEPS, y + height / 2);
  };
  const end = async () => {
    await page.mouse.up();
    await page.click('[aria-label="Remove the filter on Accuracy"]');
  };
  return Object.assign(step, { page, end });
}

/** From the new address to the sentence about the 16, another 16 in each run; Python runs because some others were compared before. */
async function selecting(page, models, run) {
  const chosen = (count, first) => linkTo(Array.from({ length: count }, (_, place) => models[(place * 61 + run * 7 + first) % models.length].id));
  await sentenceAfter(page, chosen(12, 3), 12);
  return sentenceAfter(page, chosen(16, 5), 16);
}

function sentenceAfter(page, hash, count) {
  return page.evaluate(async (hash, start) => {
    const begin = performance.now();
    location.hash = hash;
    while (!document.querySelector(".sentence")?.textContent.startsWith(start)) await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - begin;
  }, hash, `${count} models`);
}

function reference(page) {
  return page.evaluate(() => {
    const numbers = Float64Array.from({ length: 1e6 }, (_, i) => (i * 2654435761) % 4294967296);
    const begun = performance.now();
    numbers.sort();
    return performance.now() - begun;
  });
}

function print(runs) {
  console.log(`chromium, file://, median of ${runs.length} (lowest to highest)`);
  for (const [key, { label, target, unit }] of Object.entries(FIGURES)) {
    const values = runs.map((run) => run[key]).sort((a, b) => a - b);
    const middle = values[values.length >> 1];
    const verdict = target ? `at most ${target} ${unit}: ${middle <= target ? "met" : "MISSED"}` : "";
    console.log(`  ${label.padEnd(42)} ${`${middle.toFixed(1)} ${unit}`.padStart(10)}  ${`(${values[0].toFixed(1)} to ${values.at(-1).toFixed(1)})`.padEnd(20)} ${verdict}`);
  }
}

await main();
