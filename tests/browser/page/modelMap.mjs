// How a test sees and touches the Model Map and the selection.

/** Ids of the models on the map, in the order of drawing. */
export function drawnModels(page) {
  return page.$$eval("[data-model]", (nodes) => nodes.map((node) => node.dataset.model));
}

/** What is selected, as each part of the page says it; all must agree. */
export async function selection(page) {
  const [pressed, checked, chips, hash] = await Promise.all([
    page.$$eval("[data-model][aria-pressed=true]", (nodes) => nodes.map((node) => node.dataset.model)),
    page.$$eval("tbody input:checked", (boxes) => boxes.map((box) => box.closest("label").title)),
    page.$$eval("[aria-label=Selection] .chip:not(.base) .name", (names) => names.map((name) => name.title)),
    page.evaluate(() => new URLSearchParams(location.hash.slice(1)).getAll("model")),
  ]);
  return { map: pressed.sort(), table: checked.sort(), chips: chips.sort(), link: hash.sort() };
}

/** What selection() says when every part shows these models. */
export function everywhere(ids) {
  const sorted = [...ids].sort();
  return { map: sorted, table: sorted, chips: sorted, link: sorted };
}

/** Clicks a model's node, with a key held down if wanted. */
export async function clickNode(page, id, key) {
  // By comparison and not by a selector: an id may hold any character.
  await page.$$eval("[data-model]", (nodes, wanted) => nodes.find((node) => node.dataset.model === wanted).scrollIntoView({ block: "nearest" }), id);
  const { x, y } = (await centres(page)).get(id);
  if (key) await page.keyboard.down(key);
  await page.mouse.click(x, y);
  if (key) await page.keyboard.up(key);
}

/**
 * Where each model's node is drawn, in pixels of the window.
 * @returns {Promise<Map<string, {x: number, y: number}>>}
 */
export async function centres(page) {
  const places = await page.$$eval("[data-model] .node", (nodes) =>
    nodes.map((node) => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return [node.parentElement.dataset.model, { x: x + width / 2, y: y + height / 2 }];
    }),
  );
  return new Map(places);
}
