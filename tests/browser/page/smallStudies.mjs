import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DIGITS } from "../exporter.mjs";
import { eventually, linkTo, visit } from "../visit.mjs";
import { clickNode, drawnModels, everywhere, selection } from "./modelMap.mjs";

const digits = (path) => readFileSync(join(DIGITS, path));
const EVALUATED = {
  dataset: {
    path: "evaluation.npz",
    inputs: { image: { array: "images", scale: 1 / 255 } },
    label: "labels",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    preview: { kind: "image", array: "images" },
  },
  evaluation: { task: "classification", output: "logits" },
  embed: true,
};

/** Studies at the small end: each as study.json, and the files beside it. */
export const STUDIES = {
  "one model": {
    study: { title: "One", ...EVALUATED, models: [{ id: "only", onnx: "only.onnx" }] },
    files: { "evaluation.npz": digits("data/evaluation.npz"), "only.onnx": digits("models/cnn-small.onnx") },
  },
  "a model that failed": {
    study: {
      title: "Failed",
      ...EVALUATED,
      models: [
        { id: "whole", onnx: "whole.onnx" },
        { id: "broken", base: "whole", operation: { name: "copy" }, onnx: "broken.onnx" },
      ],
    },
    files: {
      "evaluation.npz": digits("data/evaluation.npz"),
      "whole.onnx": digits("models/cnn-small.onnx"),
      "broken.onnx": digits("models/cnn-small.onnx").subarray(0, 5000),
    },
  },
  "metadata alone": {
    study: {
      title: "Metadata",
      metrics: [{ name: "Loss", direction: "lower" }],
      models: [
        { id: "first", metrics: { Loss: 1 } },
        { id: "second", base: "first", operation: { name: "prune", parameters: { amount: 0.5 } }, metrics: { Loss: 2 } },
      ],
    },
  },
};

/** @param {Record<keyof typeof STUDIES, object>} readers a reader of each study's site */
export function smallStudies(readers) {
  test("a study of one model is drawn, and its model runs in the page", () =>
    visit(readers["one model"], async (page) => {
      assert.deepEqual(await drawnModels(page), ["only"]);
      assert.match(await page.$eval("header .muted", (line) => line.textContent), /^1 model · /);
      await clickNode(page, "only");
      await page.click('[aria-label^="Image 3,"]');
      await page.click(".run .primary");
      await eventually(() => page.$$eval("[data-here] .label", (labels) => labels.length), 1);
    }));

  test("a model that failed is marked on the map and in the table, its reason is told, and the others run", () =>
    visit(
      readers["a model that failed"],
      async (page) => {
        assert.deepEqual(await page.$$eval("[data-model]:has(.failed)", (nodes) => nodes.map((node) => node.dataset.model)), ["broken"]);
        assert.match(await page.$eval('[data-model="broken"]', (node) => node.ariaLabel), /; failed$/);
        const reason = await page.$eval("tbody tr:nth-child(2) .worse", (mark) => mark.title);
        assert.match(reason, /broken\.onnx: /);
        await clickNode(page, "broken");
        await eventually(() => selection(page), everywhere(["broken"]));
        assert.equal(await page.$eval(".details .worse", (line) => line.textContent), `Failed: ${reason}`);
        // Its root is the base, and runs beside it.
        await page.click('[aria-label^="Image 3,"]');
        await page.click(".run .primary");
        await eventually(() => page.$$eval("[data-here]", (cells) => cells.map((cell) => cell.dataset.here)), ["whole"]);
        const told = await page.$eval(".run .why", (cell) => cell.textContent);
        assert.ok(told.includes(reason.split("\n")[0]), told);
      },
    ));

  test("a study of metadata alone has no panel to run models in, and is compared all the same", () =>
    visit(
      readers["metadata alone"],
      async (page) => {
        assert.deepEqual(await drawnModels(page), ["first", "second"]);
        assert.deepEqual(await page.$$(".run"), []);
        await eventually(
          () => page.$$eval(".sentence", (found) => found.map((sentence) => sentence.textContent)),
          ["2 models differ in whether prune was applied."],
        );
      },
      { hash: linkTo(["first", "second"]) },
    ));
}
