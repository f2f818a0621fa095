import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { chunkPayload } from "../../../wasm/steps/chunk.mjs";
import { eventually, linkTo, visit } from "../visit.mjs";
import { ROOTS } from "./differing.mjs";
import { clickNode, drawnModels, everywhere, selection } from "./modelMap.mjs";

/** What happens to files that are copied, mailed and unpacked. */
const truncated = (path) => writeFileSync(path, readFileSync(path).subarray(0, -200));
const altered = (path) => {
  // One letter of the payload becomes another, so that the script still runs.
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/e(?=[^e]*$)/, "a"));
};
const missing = (path) => rmSync(path);

/** A damaged file is named in words the reader can act on, whatever does not need it works, and once it is put back so does the rest. */
export function damage(reader) {
  test("without the manifest the page says which file it lacks, and is there once it is put back", () =>
    damaged(reader, "data/manifest.js", missing, async (page, repair) => {
      await told(page, /could not be loaded\..*data\/manifest\.js.*Copy or download the whole site folder again/s);
      repair();
      await page.reload();
      await works(page);
    }));

  test("with half a list of models the page says which file is incomplete, and is there once it is put back", () =>
    damaged(reader, "data/models.js", truncated, async (page, repair) => {
      await told(page, /is incomplete\..*data\/models\.js/s);
      repair();
      await page.reload();
      await works(page);
    }));

  test("with half the timings all but the timings is there, and trying again brings them", () =>
    damaged(reader, "data/timing.js", truncated, async (page, repair) => {
      await told(page, /is incomplete\..*data\/timing\.js/s);
      await works(page);
      assert.equal(await latency(page), "–");
      repair();
      await tryAgain(page);
      assert.match(await latency(page), /\d ms/);
    }));

  test("with altered answers Python works out what they would have said", () =>
    damaged(
      reader,
      "data/answers.js",
      altered,
      async (page) => {
        await page.waitForSelector(".sentence");
        assert.equal(await page.evaluate(() => window.__cc.python.status.get().state), "ready");
        assert.equal(await page.$("[role=alert]"), null);
      },
      linkTo(ROOTS),
    ));

  test("with altered predictions of one model the others are compared, and trying again brings all", () =>
    damaged(
      reader,
      predictionsOfFirst(reader),
      altered,
      async (page, repair) => {
        await page.click('[aria-label^="Image 3,"]');
        await page.click(".run .primary");
        await told(page, /changed after the export\..*data\/predictions\/resnet8[^/]*\.js/s);
        await eventually(() => agreements(page), [null, "same"]);
        repair();
        await tryAgain(page);
        await eventually(() => agreements(page), ["same", "same"]);
      },
      linkTo(["float16"]),
    ));

  test("without the images of the evaluation set models are still compared, and trying again brings the images", () =>
    damaged(reader, "data/instances/0000.js", missing, async (page, repair) => {
      await told(page, /could not be loaded\..*data\/instances\/0000\.js/s);
      await works(page);
      repair();
      await tryAgain(page);
      await page.waitForSelector('[aria-label^="Image 3,"]');
    }));

  test("without a part of Python the map works, and trying again starts Python", () =>
    damaged(reader, "runtime/numpy.zip.0.js", missing, async (page, repair) => {
      await clickNode(page, "cnn-small");
      await clickNode(page, "int8-static", "Shift");
      await told(page, /could not be loaded\..*runtime\/numpy\.zip\.0\.js/s);
      await works(page);
      await clickNode(page, "int8-static", "Shift");
      await page.waitForSelector(".details [role=alert]");
      repair();
      await tryAgain(page);
      await page.waitForSelector(".sentence");
    }));

  test("without a part of onnxruntime models are compared, and trying again runs them", () =>
    damaged(
      reader,
      "runtime/onnxruntime.wasm.1.js",
      missing,
      async (page, repair) => {
        await page.waitForSelector(".sentence");
        await page.click('[aria-label^="Image 3,"]');
        await page.click(".run .primary");
        await told(page, /could not be loaded\..*runtime\/onnxruntime\.wasm\.1\.js/s);
        await eventually(() => selection(page), everywhere(["resnet8", "float16"]));
        repair();
        await tryAgain(page);
        await eventually(() => agreements(page), ["same", "same"]);
      },
      linkTo(["resnet8", "float16"]),
    ));
}

/** Where the exporter put the predictions of the first model, resnet8. */
function predictionsOfFirst({ site }) {
  const { models } = JSON.parse(chunkPayload(readFileSync(join(site.folder, "data/models.js"), "utf8")));
  return `${models[0].predictions}.js`;
}

/** Visits the site with one file damaged, and leaves the site whole. */
async function damaged(reader, path, harm, act, hash = "") {
  const file = join(reader.site.folder, path);
  const whole = readFileSync(file);
  const repair = () => writeFileSync(file, whole);
  try {
    harm(file);
    await visit(reader, (page) => act(page, repair), { hash, damaged: true });
  } finally {
    repair();
  }
}

/** Waits for a message of this text. */
async function told(page, text) {
  const messages = () => page.$$eval("[role=alert]", (found) => found.map((message) => message.innerText));
  await eventually(async () => (await messages()).some((message) => text.test(message)), true, `no message like ${text}`);
}

/** Presses the message's own button, and waits until there is nothing more to say. */
async function tryAgain(page) {
  await page.$$eval("[role=alert] button", (buttons) => buttons.find((button) => button.textContent === "Try again").click());
  await eventually(() => page.$$eval("[role=alert]", (messages) => messages.map((message) => message.innerText)), []);
}

/** The map is there and selects. */
async function works(page) {
  await page.waitForSelector("main");
  assert.equal((await drawnModels(page)).length, 26);
  await clickNode(page, "cnn-small");
  await eventually(() => selection(page), everywhere(["cnn-small"]));
}

/** The latency of the first model in the table. */
async function latency(page) {
  const column = await page.$$eval(".table thead button", (buttons) => buttons.findIndex((button) => button.textContent.trim() === "Latency"));
  return page.$eval(".table tbody tr", (row, at) => row.cells[at].textContent.trim(), column);
}

/** Whether page and export agree, for each model that ran: "same", "differs", or null when there is nothing to compare with. */
function agreements(page) {
  return page.$$eval("[data-exported]", (cells) => cells.map((cell) => /same|differs/.exec(cell.nextElementSibling.textContent)?.[0] ?? null));
}
