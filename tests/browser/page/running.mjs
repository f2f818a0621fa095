import assert from "node:assert/strict";
import { test } from "node:test";
import { native } from "../exporter.mjs";
import { eventually, linkTo, visit } from "../visit.mjs";

/** A float32 model and one of each kind of quantization. */
const MODELS = ["resnet8", "int8-dynamic", "int8-static", "float16"];
/** Instances that the picker shows at first. */
const SHOWN = 40;

/**
 * How far a probability of the page may be from the exported one. The exporter runs onnxruntime for this machine's processor, the page
 * runs it as WebAssembly: where a sum falls between two steps of an int8 scale, one rounds up and the other down.
 */
const PROBABILITY = 0.002;
/** The same roundings, seen in the statistics of a whole layer. */
const STATISTICS = 1e-4;
/** Values that rounding carried over the edge of a bin, of the thousands of a layer. */
const MOVED = 8;

/** Models run in the page on an evaluation instance, and their answers and activations are those of the exporter. */
export function running(reader) {
  test("on an instance that models hesitate on, the base and three quantized models answer as they did in the export", async (context) => {
    const instance = await native("uncertain", SHOWN, ...MODELS);
    await visit(
      reader,
      async (page) => {
        await recordDistributions(page);
        await page.click(`[aria-label^="Image ${instance},"]`);
        await page.click(".run .primary");
        await eventually(() => page.$$eval("[data-activation]", (items) => items.map((item) => item.dataset.activation)), MODELS);
        await agrees(page, context);
        await activationsAgree(page, instance, context);
        // Another layer, far down, through which every rounding has gone.
        const tensors = await page.$$eval(".run .head option", (options) => options.map((option) => option.value));
        await page.select(".run .head select", tensors.at(-2));
        await activationsAgree(page, instance, context, tensors.at(-2));
      },
      { hash: linkTo(MODELS) },
    );
  });
}

/** The table's two answers of each model: the same class, and nearly the same probability. */
async function agrees(page, context) {
  const answers = await page.$$eval("[data-here]", (cells) =>
    cells.map((cell) =>
      [cell, cell.nextElementSibling].map((answer) => ({
        label: answer.querySelector(".label").textContent.trim(),
        probability: Number.parseFloat(answer.querySelector(".bar").style.width) / 100,
      })),
    ),
  );
  assert.equal(answers.length, MODELS.length);
  const differences = answers.map(([here, exported]) => Math.abs(here.probability - exported.probability));
  context.diagnostic(`probabilities ${answers.map(([here]) => here.probability.toFixed(3))}, differences ${differences.map((value) => value.toExponential(1))}`);
  for (const [place, [here, exported]] of answers.entries()) {
    assert.equal(here.label, exported.label, MODELS[place]);
    assert.ok(differences[place] <= PROBABILITY, `${MODELS[place]}: ${here.probability} here, ${exported.probability} exported`);
  }
  assert.match(await page.$eval(".run .summary", (line) => line.textContent), /agree on the class for all 4 models/);
}

/** The page's distributions against those of native onnxruntime and native Python. */
async function activationsAgree(page, instance, context, tensor) {
  if (tensor) await page.waitForFunction((wanted) => new URLSearchParams(location.hash.slice(1)).get("activation") === wanted, {}, tensor);
  const shown = await settled(page);
  const name = tensor ?? (await page.$eval(".run .head select", (select) => select.value));
  const known = await native("activation", instance, name, shown.counts[0].length, ...MODELS);
  assert.ok(close(shown.low, known.low) && close(shown.high, known.high), `range ${shown.low} to ${shown.high}, not ${known.low} to ${known.high}`);
  const moved = MODELS.map((id, place) => {
    const [here, there] = [shown.statistics[place], known.statistics[place]];
    for (const key of ["count", "nan", "infinite"]) assert.equal(here[key], there[key], `${id}: ${key}`);
    for (const key of ["minimum", "maximum", "total", "squares"]) assert.ok(close(here[key], there[key]), `${id}: ${key} ${here[key]}, not ${there[key]}`);
    return movedValues(shown.counts[place], known.counts[place], id);
  });
  context.diagnostic(`${name}: ${moved} values moved to a neighbouring bin`);
  for (const [place, count] of moved.entries()) assert.ok(count <= MOVED, `${MODELS[place]}: ${count} values in other bins`);
}

/** How many values lie in a neighbouring bin: the difference of the two running totals, which no value that moves further keeps small. */
function movedValues(counts, others, id) {
  let running = 0;
  let moved = 0;
  for (const [bin, count] of counts.entries()) {
    running += count - others[bin];
    moved += Math.abs(running);
  }
  assert.equal(running, 0, `${id}: other totals`);
  return moved;
}

function close(a, b) {
  return Math.abs(a - b) <= STATISTICS * Math.max(Math.abs(a), Math.abs(b));
}

/** Keeps the page's own answers: what it draws has fewer digits. */
async function recordDistributions(page) {
  await page.evaluate(() => {
    const { python } = window.__cc;
    const { call } = python;
    python.call = async (name, ...rest) => {
      const answer = await call(name, ...rest);
      if (name === "distributions") window.distributions = answer.result;
      return answer;
    };
  });
}

/** The newest distributions, once the page shows them. */
async function settled(page) {
  await page.waitForFunction(() => document.querySelector(".run .answers")?.getAttribute("aria-busy") === "false" && window.distributions);
  const shown = await page.evaluate(() => window.distributions);
  const labels = await page.$$eval("[data-activation] svg", (pictures) => pictures.map((picture) => picture.getAttribute("aria-label")));
  for (const [place, { count }] of shown.statistics.entries()) assert.match(labels[place], new RegExp(`: ${count} values`));
  await page.evaluate(() => delete window.distributions);
  return shown;
}
