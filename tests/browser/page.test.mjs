// The page of real sites from the real exporter, in real browsers, opened in both ways that readers open one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { demoSite, studySite } from "./exporter.mjs";
import { BROWSERS, launch } from "./launch.mjs";
import { calm } from "./page/calm.mjs";
import { damage } from "./page/damage.mjs";
import { differing } from "./page/differing.mjs";
import { drawing } from "./page/drawing.mjs";
import { AWKWARD_STUDY, names } from "./page/names.mjs";
import { running } from "./page/running.mjs";
import { selecting } from "./page/selecting.mjs";
import { smallStudies, STUDIES } from "./page/smallStudies.mjs";
import { theme } from "./page/theme.mjs";
import { fileSite, TRANSPORTS } from "./site.mjs";
import { open } from "./visit.mjs";

const [demo, awkward, ...small] = await Promise.all([
  demoSite(),
  studySite(AWKWARD_STUDY),
  ...Object.values(STUDIES).map(({ study, files }) => studySite(study, files)),
]);

// Both browsers at once: most of a test is waiting for the browser.
describe("the page", { concurrency: true }, () => {
  for (const name of BROWSERS) {
    describe(name, { concurrency: 1 }, () => {
      /** The reader of the digits site: `page` stays open over many tests, so that Python starts once. */
      const reader = { name, browser: null, site: null, page: null };
      before(async () => {
        reader.browser = await launch(name);
      });
      after(() => reader.browser?.close());

      for (const [transport, serve] of Object.entries(TRANSPORTS)) {
        describe(`${name}, ${transport}`, () => {
          let visited;
          const begin = async () => {
            visited = await open(reader);
            reader.page = visited.page;
          };
          before(async () => {
            reader.site = await serve(demo.folder);
            await begin();
          });
          after(() => reader.site?.close());

          test("a fetch of a neighbour file is refused", async () => {
            assert.equal(await reader.page.evaluate(() => fetch("viewer.css").then(() => "fetched", () => "refused")), "refused");
            // The browser complains of it, and of nothing from here on.
            await visited.end();
            await begin();
          });
          drawing(reader);
          selecting(reader);
          differing(reader);
          running(reader);
          test("in all of this nothing was asked for outside the folder, and nothing went wrong", async () => {
            const { outside, complaints, requests } = await visited.end();
            assert.deepEqual({ outside, complaints }, { outside: [], complaints: [] });
            // Firefox logs no file:// requests; it logs all others, and those are what matters.
            if (name === "chromium" || transport === "http://") assert.ok(requests.some((url) => url.endsWith("/data/models.js")), "the log works");
          });
          if (transport === "file://") damage(reader);
          if (transport === "file://" && name === "chromium") calm(reader);
        });
      }

      describe(`${name}, other studies`, () => {
        const readers = {};
        before(() => {
          const sites = [awkward, ...small].map(({ folder }) => fileSite(folder));
          for (const [place, study] of ["awkward names", ...Object.keys(STUDIES)].entries()) readers[study] = { name, browser: reader.browser, site: sites[place] };
        });
        after(() => {
          for (const { site } of Object.values(readers)) site.close();
        });
        names(() => readers["awkward names"]);
        smallStudies(readers);
        theme(() => readers["metadata alone"]);
      });
    });
  }
});
