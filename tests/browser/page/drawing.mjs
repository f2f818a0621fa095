import assert from "node:assert/strict";
import { test } from "node:test";
import { native } from "../exporter.mjs";
import { eventually, show } from "../visit.mjs";
import { drawnModels } from "./modelMap.mjs";

/** The first picture shows the study: every model on the map and in the table, every operation as a column. */
export function drawing(reader) {
  let study;
  test("every model of the study is a node of the map and a row of the table", async () => {
    const { page } = reader;
    await show(page);
    study = await native("study");
    assert.deepEqual(await drawnModels(page), study.models);
    const rows = await page.$$eval("tbody th label", (labels) => labels.map((label) => label.title));
    assert.deepEqual(rows, study.models);
  });

  test("every operation of the study heads a column of the map", async () => {
    const headings = await reader.page.$$eval(".column text title", (titles) => titles.map((title) => title.textContent));
    assert.deepEqual([...new Set(headings)].sort(), study.operations);
  });

  test("header and title name the study, its models and its instances", async () => {
    const { title, models, instances, dataset } = study;
    assert.equal(await reader.page.$eval("h1", (heading) => heading.textContent), title);
    assert.equal(await reader.page.title(), title);
    const facts = `${models.length} models · ${instances.toLocaleString("en")} instances of ${dataset}`;
    assert.equal(await reader.page.$eval("header .muted", (line) => line.textContent), facts);
  });

  test("timings, which come after the first picture, are shown for every model", async () => {
    const lacking = () => {
      const latency = [...document.querySelectorAll("thead button")].findIndex((button) => button.textContent.trim() === "Latency");
      return [...document.querySelectorAll("tbody tr")].filter((row) => !/\d ms/.test(row.cells[latency].textContent)).length;
    };
    await eventually(() => reader.page.evaluate(lacking), 0, "rows without a latency");
  });
}
