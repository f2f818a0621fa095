import assert from "node:assert/strict";
import { test } from "node:test";
import { native } from "../exporter.mjs";
import { eventually, linkTo, show, visit } from "../visit.mjs";

/** A selection that people start with: the exporter has worked out what differs in it. */
export const ROOTS = ["resnet8", "cnn-small"];

/** Others, which Python compares in the page: presence, parameters, base models, several operations, and variables that follow others. */
const SELECTIONS = [
  ["resnet8", "int8-dynamic", "int8-static", "float16"],
  ["prune-all-30", "prune-all-50", "prune-spare-70", "finetune-spare-70", "finetune-spare-70-int8"],
  ["resnet8", "cnn-small", "cnn-small-spare-50", "cnn-small-int8"],
];

/** What differs, as the page says and draws it, is what Python says natively. */
export function differing(reader) {
  for (const selected of SELECTIONS) {
    test(`the sentence, the values and the bars for ${selected.join(", ")} are native Python's`, async () => {
      await show(reader.page, linkTo(selected));
      await saysTheSame(reader.page, selected);
      assert.equal(await pythonState(reader.page), "ready");
    });
  }

  test("for a selection that people start with they are there before Python, and the same", () =>
    visit(
      reader,
      async (page) => {
        await saysTheSame(page, ROOTS);
        assert.equal(await pythonState(page), "idle");
      },
      { hash: linkTo(ROOTS) },
    ));
}

async function saysTheSame(page, selected) {
  const { explanation, chart } = await native("explain", ...selected);
  await eventually(() => page.$$eval(".sentence", (found) => found.map((sentence) => sentence.textContent)), [explanation.sentence]);
  const shown = explanation.variables.filter((variable) => variable.implied_by === null);
  const values = (id) => shown.map((variable) => spell(variable, explanation.models.indexOf(id)));
  if (selected.length === 2) {
    const sides = await page.$$eval("[aria-label='Two models side by side'] thead .name", (names) => names.map((name) => name.title));
    assert.deepEqual(sides.toSorted(), explanation.models.toSorted());
    const rows = await page.$$eval(".details tr.variable", (found) => found.map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
    assert.deepEqual(rows, shown.map((variable, index) => [variable.label, ...sides.map((id) => values(id)[index]), ""]));
  } else {
    const [headings, ...rows] = await page.$eval(".details table", (table) =>
      [...table.rows].map((row) => [row.cells[0].title, ...[...row.querySelectorAll(".variable, .value")].map((cell) => cell.textContent)]),
    );
    assert.deepEqual(headings, ["", ...shown.map((variable) => variable.label)]);
    assert.deepEqual(rows.sort(), explanation.models.map((id) => [id, ...values(id)]).sort());
  }
  const notes = await page.$eval(".details .notes", (line) => line.textContent);
  for (const { label, implied_by } of explanation.variables) {
    if (implied_by !== null) assert.ok(notes.includes(`${label} follows ${implied_by}.`), notes);
  }
  await drawsTheSame(page, chart);
}

/** One chart for each metric that is charted, and in each one bar for each mark. */
async function drawsTheSame(page, { marks }) {
  const metrics = await page.$$eval("[aria-label='Charted metrics'] [aria-label^=Take]", (buttons) => buttons.length);
  const bars = await page.$$eval(".details figure", (figures) =>
    figures.map((figure) => [...figure.querySelectorAll("g:has(> .reach) > title")].map((title) => title.textContent.replace(/: .*/, ""))),
  );
  assert.ok(metrics > 0);
  const wanted = marks.map((mark) => mark.models.join(", ")).sort();
  assert.deepEqual(bars.map((ids) => ids.sort()), Array.from({ length: metrics }, () => wanted));
}

function pythonState(page) {
  return page.evaluate(() => window.__cc.python.status.get().state);
}

function spell({ kind, values, model_values }, place) {
  const value = values[model_values[place]];
  if (kind === "presence") return value ? "yes" : "no";
  if (value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
