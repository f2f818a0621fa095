// One visit of one reader: a page of a site, watched from before its first request to its end.
import assert from "node:assert/strict";
import { strangers, watch } from "./requests.mjs";

/** Wide and high enough for the whole map of the digits study. */
const VIEWPORT = { width: 1440, height: 1000 };
/** How long a page may take for anything; generous, because machines are busy and nothing waits in vain. */
const PATIENCE = 20_000;

/**
 * Opens a site, does something there, and makes sure that the page neither asked for anything outside its folder nor complained.
 * @param {{browser: import("puppeteer-core").Browser, site: {base: string}}} reader
 * @param {(page: import("puppeteer-core").Page) => Promise<void>} act
 * @param {Parameters<typeof open>[1] & {damaged?: boolean}} how a browser may complain of a `damaged` site
 */
export async function visit(reader, act, { damaged = false, ...how } = {}) {
  const opened = await open(reader, how);
  const failure = await act(opened.page).then(() => null, (error) => error);
  const { outside, complaints } = await opened.end();
  if (failure) throw failure;
  assert.deepEqual(outside, [], "requests outside the site's folder");
  if (!damaged) assert.deepEqual(complaints, []);
}

/**
 * Opens a site for as long as wanted.
 * @param {{hash?: string, before?: (page: import("puppeteer-core").Page) => Promise<void>}} how `before` runs before the page is opened
 */
export async function open({ browser, site }, { hash = "", before = async () => {} } = {}) {
  const page = await browser.newPage();
  const seen = watch(page);
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport(VIEWPORT);
  await before(page);
  await page.goto(`${site.base}index.html${hash}`);
  // Drawn, or told why not.
  await page.waitForSelector("main, [role=alert]");
  return {
    page,
    async end() {
      await page.close();
      return { requests: seen.requests, outside: strangers(seen, site.base), complaints: seen.complaints };
    },
  };
}

/** The hash that selects these models. */
export function linkTo(ids, rest = {}) {
  return `#${new URLSearchParams([...ids.map((id) => ["model", id]), ...Object.entries(rest)])}`;
}

/** Shows another view on an open page, as when the reader edits the address; nothing is hovered and nothing has the focus. */
export async function show(page, hash = "") {
  await page.mouse.move(1, 1);
  await page.evaluate((to) => {
    document.activeElement?.blur();
    location.hash = to;
  }, hash);
  await eventually(() => page.$$eval("[aria-pressed=true][data-model]", (nodes) => nodes.length), new URLSearchParams(hash.slice(1)).getAll("model").length);
}

/** Waits until a function of the page gives what is wanted, and shows what it gave instead if it never does. */
export async function eventually(read, wanted, what) {
  const end = Date.now() + PATIENCE;
  let got = await read();
  while (JSON.stringify(got) !== JSON.stringify(wanted) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    got = await read();
  }
  assert.deepEqual(got, wanted, what);
}
