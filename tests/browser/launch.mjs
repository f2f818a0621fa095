// Starts the browsers a reader may have. A missing browser is a failure: a suite that skips what it cannot find proves nothing.
import { existsSync } from "node:fs";
import puppeteer from "puppeteer-core";

export const BROWSERS = ["chromium", "firefox"];

const EXECUTABLES = {
  chromium: process.env.CHROMIUM || "/usr/bin/chromium",
  firefox: process.env.FIREFOX || "/usr/bin/firefox-esr",
};

const options = ({ dark, downloads, text, still }) => ({
  chromium: {
    browser: "chrome",
    // Never --allow-file-access-from-files: it would let pass what a reader's browser refuses.
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", `--blink-settings=preferredColorScheme=${dark ? 0 : 1}${text ? `,defaultFontSize=${text}` : ""}`,
      ...(still ? ["--force-prefers-reduced-motion"] : []),
    ],
  },
  firefox: {
    browser: "firefox",
    extraPrefsFirefox: {
      // Puppeteer turns the first one off, and then every file may read every other: 00-trap.test.mjs watches over this.
      "security.fileuri.strict_origin_policy": true,
      "privacy.file_unique_origin": true,
      "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1,
      ...(still && { "ui.prefersReducedMotion": 1 }),
      ...(text && { "font.size.variable.x-western": text, "font.size.variable.x-unicode": text }),
      ...(downloads && { "browser.download.folderList": 2, "browser.download.dir": downloads, "browser.download.alwaysOpenPanel": false }),
    },
  },
});

/**
 * A browser with a fresh profile.
 * @param {"chromium" | "firefox"} name
 * @param {{dark?: boolean, downloads?: string, text?: number, still?: boolean}} system `dark` when pages are to find that the reader prefers dark ones; `downloads` is
 *   the folder that saved files go to; `text` the size of text that the reader has chosen, in pixels, instead of 16; `still` when the reader wants
 *   less motion
 * @returns {Promise<import("puppeteer-core").Browser>}
 */
export async function launch(name, { dark = false, downloads, text, still = false } = {}) {
  const executablePath = EXECUTABLES[name];
  if (!existsSync(executablePath)) {
    throw new Error(`no ${name} at ${executablePath}: install it, or set ${name.toUpperCase()} to the path of one`);
  }
  const browser = await puppeteer.launch({ ...options({ dark, downloads, text, still })[name], executablePath, headless: true, protocolTimeout: 120_000 });
  if (downloads && name === "chromium") {
    const session = await browser.target().createCDPSession();
    await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
  }
  return browser;
}
