// The content security policy of index.html is in force: what would reach beyond the page is refused, on file:// and over http.
// That the site works under it is what all other tests here show.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeEngineSite } from "./engineSite.mjs";
import { BROWSERS } from "./launch.mjs";
import { sharedBrowser } from "./reader.mjs";
import { TRANSPORTS } from "./site.mjs";

/** Each runs in the page and says "refused" or what it got. The addresses are in a block reserved for documentation. */
const ATTEMPTS = {
  "fetch": () => fetch("http://192.0.2.1/x"),
  "a beacon": () => {
    if (!navigator.sendBeacon("http://192.0.2.1/x", "x")) throw new Error("refused");
  },
  "a WebSocket": () => opened(new WebSocket("ws://192.0.2.1/x"), "onopen"),
  "an event source": () => opened(new EventSource("http://192.0.2.1/x"), "onopen"),
  "a picture from elsewhere": () => element("img", "src", "http://192.0.2.1/x.png"),
  "a frame": () => element("iframe", "src", "http://192.0.2.1/"),
  "a style from elsewhere": () => element("link", "href", "http://192.0.2.1/x.css", { rel: "stylesheet" }),
  "text as code": () => (0, eval)("1"),
  "text as a function": () => new Function("return 1")(),
  "text as markup": () => (document.createElement("div").innerHTML = "<b>bold</b>"),
  "a script by plain URL": () => (document.createElement("script").src = "data:text/javascript,1"),
  "a worker by plain URL": () => new Worker(URL.createObjectURL(new Blob([""]))),
  "another Trusted Types policy": () => trustedTypes.createPolicy("loose", { createHTML: (text) => text }),
};

for (const name of BROWSERS) {
  const browser = sharedBrowser(name);
  for (const [transport, open] of Object.entries(TRANSPORTS)) {
    describe(`${name} over ${transport}`, () => {
      let made, page, site;
      before(async () => {
        made = makeEngineSite();
        site = await open(made.folder);
        page = await (await browser()).newPage();
        await page.goto(`${site.base}index.html`);
        await page.waitForFunction("window.__cc");
        // A refusal is read from the browser's own report: an address that does not answer fails just as well.
        await page.evaluate(() => {
          window.violations = [];
          addEventListener("securitypolicyviolation", (event) => window.violations.push(event.effectiveDirective));
        });
      });
      after(async () => {
        await page?.close();
        await site?.close();
        made?.close();
      });

      for (const [what, attempt] of Object.entries(ATTEMPTS)) {
        test(`refuses ${what}`, async () => {
          const outcome = await page.evaluate(`(async () => {
            const opened = (socket, event) => new Promise((resolve, reject) => { socket[event] = resolve; socket.onerror = () => reject(new Error("refused")); });
            const element = (name, attribute, url, more = {}) => new Promise((resolve, reject) => {
              const node = Object.assign(document.createElement(name), more, { [attribute]: url });
              node.onload = resolve; node.onerror = () => reject(new Error("refused"));
              document.body.append(node);
            });
            window.violations.length = 0;
            const attempt = ${attempt};
            const timeout = new Promise((resolve) => setTimeout(() => resolve("no answer"), 1500));
            // From a timer, because what the driver itself runs may be exempt from the policy.
            const tried = new Promise((resolve) => setTimeout(async () => {
              try { await attempt(); resolve("allowed"); } catch { resolve("refused"); }
            }));
            const result = await Promise.race([tried, timeout]);
            // A report comes soon, on a busy machine a little later.
            let waits = 0;
            do await new Promise((resolve) => setTimeout(resolve, 50));
            while (window.violations.length === 0 && ++waits < 100);
            return { result, violations: [...window.violations] };
          })()`);
          assert.ok(outcome.violations.length > 0, `no violation was reported; the attempt was ${outcome.result}`);
        });
      }
    });
  }
}
