import assert from "node:assert/strict";
import { test } from "node:test";
import { launch } from "../launch.mjs";
import { eventually, visit } from "../visit.mjs";

/** Light or dark as the reader's system says, until the reader says otherwise. */
export function theme(reader) {
  test("a page on a light system is light, and the switch makes it dark and gives it back to the system", () =>
    visit(reader(), (page) => follows(page, "light", "dark")));

  test("a page on a dark system is dark, and the switch makes it light and gives it back to the system", async () => {
    const browser = await launch(reader().name, { dark: true });
    try {
      await visit({ ...reader(), browser }, (page) => follows(page, "dark", "light"));
    } finally {
      await browser.close();
    }
  });
}

async function follows(page, system, other) {
  await eventually(() => shade(page), system);
  await choose(page, other);
  await eventually(() => shade(page), other);
  await choose(page, system);
  await eventually(() => shade(page), system);
  await choose(page, other);
  await choose(page, "system");
  await eventually(() => shade(page), system);
  assert.equal(await page.evaluate((dark) => matchMedia("(prefers-color-scheme: dark)").matches === dark, system === "dark"), true);
}

async function choose(page, value) {
  // The radio button itself is hidden behind its label.
  await page.$eval(`header input[type=radio][value=${value}]`, (button) => button.closest("label").click());
}

/** "light" or "dark", by the ground and the ink of the page's head as they are drawn. */
function shade(page) {
  return page.evaluate(() => {
    const lightness = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
    const { backgroundColor, color } = getComputedStyle(document.querySelector("header"));
    return lightness(backgroundColor) > lightness(color) ? "light" : "dark";
  });
}
