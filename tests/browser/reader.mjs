// A reader for the tests of one `describe`: a browser and a copy of a site, there before the first test and gone after the last.
import { after, before } from "node:test";
import { launch } from "./launch.mjs";
import { fileSite } from "./site.mjs";

/**
 * @param {"chromium" | "firefox"} name
 * @param {() => Promise<{folder: string}>} exported makes the site, as demoSite() and studySite() do
 * @param {Parameters<typeof launch>[1]} system
 * @returns {{name: string, browser: import("puppeteer-core").Browser, site: ReturnType<typeof fileSite>}} for visit(); filled in before the tests run
 */
export function readerOf(name, exported, system) {
  const reader = { name, browser: null, site: null };
  before(async () => {
    const [{ folder }, browser] = await Promise.all([exported(), launch(name, system)]);
    Object.assign(reader, { browser, site: fileSite(folder) });
  });
  after(async () => {
    await reader.browser?.close();
    reader.site?.close();
  });
  return reader;
}

/**
 * A browser for all tests of a file: launched when it is first asked for, gone after the last test.
 * @param {"chromium" | "firefox"} name
 * @returns {() => Promise<import("puppeteer-core").Browser>}
 */
export function sharedBrowser(name) {
  let browser;
  after(async () => (await browser)?.close());
  return () => (browser ??= launch(name));
}
