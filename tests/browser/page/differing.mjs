import assert from "node:assert/strict";
import { test } from "node:test";
import { native } from "../exporter.mjs";
import { eventually, linkTo, show } from "../visit.mjs";

/** Selections with every kind of variable: presence, parameter, base model, alternative operations, and one that follows another. */
const SELECTIONS = [
  ["resnet8", "int8-dynamic", "int8-static", "float16"],
  ["prune-all-30", "prune-all-50", "prune-spare-70", "finetune-spare-70", "finetune-spare-70-int8"],
  ["resnet8", "cnn-small", "cnn-small-spare-50", "cnn-small-int8"],
];

/** What differs, worked out by Python in the page, is what Python says natively. */
export function differing(reader) {
  for (const selected of SELECTIONS) {
    test(`the sentence and the values for ${selected.join(", ")} are native Python's`, async () => {
      const { page } = reader;
      const known = await native("explain", ...selected);
      await show(page, linkTo(selected));
      await eventually(() => page.$$eval(".sentence", (found) => found.map((sentence) => sentence.textContent)), [known.sentence]);
      const shown = known.variables.filter((variable) => variable.implied_by === null);
      const table = await page.$eval(".details table", (element) =>
        [...element.rows].map((row) => [row.cells[0].title, ...[...row.querySelectorAll(".variable, .value")].map((cell) => cell.textContent)]),
      );
      const [headings, ...rows] = table;
      assert.deepEqual(headings, ["", ...shown.map((variable) => variable.label)]);
      const values = known.models.map((id, place) => [id, ...shown.map((variable) => spell(variable, place))]);
      assert.deepEqual(rows.sort(), values.sort());
      const notes = await page.$eval(".details .notes", (line) => line.textContent);
      for (const { label, implied_by } of known.variables) {
        if (implied_by !== null) assert.ok(notes.includes(`${label} follows ${implied_by}.`), notes);
      }
    });
  }
}

function spell({ kind, values, model_values }, place) {
  const value = values[model_values[place]];
  if (kind === "presence") return value ? "yes" : "no";
  if (value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
