// How long the page's engines take to start, in real browsers on file://: medians of fresh starts.
//
//     node benchmarks/boot.mjs [--runs 5] [--browsers chromium,firefox]
//
// Needs the builds of wasm/ and viewer/. Times are wall-clock from the call that needs the engine, with nothing loaded before. Each
// run also times the sorting of a million numbers in the same page, so that figures of two machines, or of a busy one, compare.
import { parseArgs } from "node:util";
import { makeEngineSite, MODELS } from "../tests/browser/engineSite.mjs";
import { launch } from "../tests/browser/launch.mjs";
import { fileSite } from "../tests/browser/site.mjs";

/** What is promised, in milliseconds. */
const TARGETS = { python: 1400, onnx: 900, longestTask: 100 };

const LABELS = {
  python: "Python, numpy and cc_core ready",
  onnx: "first ONNX prediction",
  longestTask: "longest main-thread task",
  reference: "reference (sort 10⁶ numbers)",
};

async function main() {
  const { values } = parseArgs({ options: { runs: { type: "string", default: "5" }, browsers: { type: "string", default: "chromium,firefox" } } });
  const made = makeEngineSite();
  const site = fileSite(made.folder);
  try {
    for (const browser of values.browsers.split(",")) {
      const runs = [];
      for (let run = 0; run < Number(values.runs); run++) runs.push(await measure(browser, site.base));
      print(browser, runs);
    }
  } finally {
    site.close();
    made.close();
  }
}

/** One start of each engine, each in a browser of its own so that neither finds anything warm. */
async function measure(browser, base) {
  const python = await inFreshPage(browser, base, "() => __cc.python.warm()");
  const predict = `() => __cc.onnx.run({ model: "${MODELS.perceptron}", feeds: { x: { type: "float32", dims: [1, 3], data: new Float32Array(3) } } })`;
  const onnx = await inFreshPage(browser, base, predict);
  return {
    python: python.milliseconds,
    onnx: onnx.milliseconds,
    longestTask: Math.max(python.longestTask, onnx.longestTask),
    reference: (python.reference + onnx.reference) / 2,
  };
}

async function inFreshPage(name, base, action) {
  const browser = await launch(name);
  try {
    const page = await browser.newPage();
    await page.goto(`${base}index.html`);
    await page.waitForFunction("window.__cc");
    return await page.evaluate(`(${timed})(${action})`);
  } finally {
    await browser.close();
  }
}

/** Runs in the page. */
async function timed(action) {
  const numbers = Float64Array.from({ length: 1e6 }, (_, i) => (i * 2654435761) % 4294967296);
  const referenceBegun = performance.now();
  numbers.sort();
  const reference = performance.now() - referenceBegun;
  await new Promise((resolve) => setTimeout(resolve, 300)); // let the page itself come to rest
  // A task that is longer than the timer's interval shows as a gap between two ticks, in every browser.
  let longestTask = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestTask = Math.max(longestTask, now - last - 5);
    last = now;
  }, 5);
  const begun = performance.now();
  await action();
  const milliseconds = performance.now() - begun;
  clearInterval(timer);
  return { milliseconds, longestTask, reference };
}

function print(browser, runs) {
  const reference = median(runs.map((run) => run.reference));
  console.log(`${browser}, file://, median of ${runs.length} (lowest to highest)`);
  for (const [key, label] of Object.entries(LABELS)) {
    const values = runs.map((run) => run[key]).sort((a, b) => a - b);
    const middle = median(values);
    const range = `${values[0].toFixed(0)} to ${values.at(-1).toFixed(0)}`;
    const target = TARGETS[key] ? `target ${TARGETS[key]} ms: ${middle <= TARGETS[key] ? "met" : "MISSED"}` : "";
    console.log(`  ${label.padEnd(34)} ${`${middle.toFixed(0)} ms`.padStart(8)}  (${range})`.padEnd(66), `× ${(middle / reference).toFixed(1)} reference`.padEnd(20), target);
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

await main();
