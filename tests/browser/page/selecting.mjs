import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, linkTo, show, visit } from "../visit.mjs";
import { centres, clickNode, everywhere, selection } from "./modelMap.mjs";

/** Models are selected on the map, in the table and by a link, and every part of the page shows the same selection. */
export function selecting(reader) {
  test("a click selects one model, a Shift-click adds one and takes it out again", async () => {
    const { page } = reader;
    await show(page);
    await clickNode(page, "resnet8");
    await eventually(() => selection(page), everywhere(["resnet8"]));
    await clickNode(page, "float16", "Shift");
    await eventually(() => selection(page), everywhere(["resnet8", "float16"]));
    await clickNode(page, "resnet8", "Shift");
    await eventually(() => selection(page), everywhere(["float16"]));
    await clickNode(page, "cnn-small");
    await eventually(() => selection(page), everywhere(["cnn-small"]));
  });

  test("a rectangle selects the models in it, with Shift besides those already selected", async () => {
    const { page } = reader;
    await show(page);
    const places = await centres(page);
    const roots = around(places, ["resnet8", "cnn-small"]);
    await draw(page, roots);
    await eventually(() => selection(page), everywhere(inside(places, roots)));
    const quantized = around(places, ["int8-dynamic", "int8-static", "float16"]);
    await page.keyboard.down("Shift");
    await draw(page, quantized);
    await page.keyboard.up("Shift");
    const both = new Set([...inside(places, roots), ...inside(places, quantized)]);
    assert.ok(both.size > inside(places, roots).length, "the second rectangle adds models");
    await eventually(() => selection(page), everywhere([...both]));
  });

  test("names and boxes in the table select, chips take out, and a click on the empty map clears", async () => {
    const { page } = reader;
    await show(page);
    await page.click('tbody label[title="cnn-small"] .name');
    await eventually(() => selection(page), everywhere(["cnn-small"]));
    await page.click('input[aria-label="Select cnn-small-int8"]');
    await eventually(() => selection(page), everywhere(["cnn-small", "cnn-small-int8"]));
    await page.click('button[aria-label="Take cnn-small out of the selection"]');
    await eventually(() => selection(page), everywhere(["cnn-small-int8"]));
    const { x, y } = (await centres(page)).get("resnet8");
    await page.mouse.click(x - 15, y - 30);
    await eventually(() => selection(page), everywhere([]));
  });

  test("with the keyboard alone: Tab reaches the map, arrows move, Enter and Space select, Escape clears", async () => {
    const { page } = reader;
    await show(page);
    for (let presses = 0; (await focused(page)) === null; presses += 1) {
      assert.ok(presses < 30, "Tab does not reach the map");
      await page.keyboard.press("Tab");
    }
    const first = await focused(page);
    await page.keyboard.press("Enter");
    await eventually(() => selection(page), everywhere([first]));
    await page.keyboard.press("ArrowRight");
    const second = await focused(page);
    const places = await centres(page);
    assert.ok(places.get(second).x > places.get(first).x, `${second} stands right of ${first}`);
    await page.keyboard.press(" ");
    await eventually(() => selection(page), everywhere([first, second]));
    // The first Escape puts the tooltip away, the second clears.
    await page.keyboard.press("Escape");
    await eventually(() => page.$$eval("[role=tooltip]", (tips) => tips.length), 0);
    assert.deepEqual(await selection(page), everywhere([first, second]));
    await page.keyboard.press("Escape");
    await eventually(() => selection(page), everywhere([]));
    assert.equal(await page.evaluate(() => location.hash), "");
  });

  test("a pasted link restores the whole view, and the view makes the same link", async () => {
    const view = { base: "cnn-small", colour: "Size", sort: "Sparsity", descending: "1", instance: "41" };
    const hash = linkTo(["int8-static", "prune-all-50"], view);
    await visit(
      reader,
      async (page) => {
        await eventually(() => selection(page), everywhere(["int8-static", "prune-all-50"]));
        assert.match(await page.$eval(".chip.base", (chip) => chip.textContent), /cnn-small/);
        assert.equal(await page.$eval(".channel select", (select) => select.value), "Size");
        assert.match(await page.$eval("[aria-sort=descending]", (heading) => heading.textContent), /^Sparsity/);
        assert.equal(await page.$eval(".run .primary", (button) => button.innerText), "Run 3 models on image 41");
        const link = await page.evaluate(() => location.hash);
        assert.deepEqual(link.slice(1).split("&").sort(), hash.slice(1).split("&").sort());
      },
      { hash },
    );
  });
}

/** The model whose node has the focus, or null. */
function focused(page) {
  return page.evaluate(() => document.activeElement?.dataset.model ?? null);
}

/** A rectangle just around some nodes. */
function around(places, ids) {
  const chosen = ids.map((id) => places.get(id));
  const reach = (values) => [Math.min(...values) - 14, Math.max(...values) + 14];
  const [left, right] = reach(chosen.map(({ x }) => x));
  const [top, bottom] = reach(chosen.map(({ y }) => y));
  return { left, right, top, bottom };
}

function inside(places, { left, right, top, bottom }) {
  return [...places].filter(([, { x, y }]) => x >= left && x <= right && y >= top && y <= bottom).map(([id]) => id);
}

async function draw(page, { left, right, top, bottom }) {
  await page.mouse.move(left, top);
  await page.mouse.down();
  await page.mouse.move((left + right) / 2, (top + bottom) / 2);
  await page.mouse.move(right, bottom);
  await page.mouse.up();
}
