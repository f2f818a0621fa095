// How long the Model Map's layouts take, and how often their links cross: CPU time of this process, medians of 7.
//
//     node benchmarks/layout.mjs
//
// Needs viewer/node_modules. Crossings are counted between the drawn curves of all links, at every border between two columns; those
// of links to first parents alone are 0 by construction, which the unit tests check.
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const viewer = fileURLToPath(new URL("../viewer/", import.meta.url));
const { createServer } = await import(pathToFileURL(createRequire(`${viewer}package.json`).resolve("vite")).href);

/** What is promised for 1,000 models, in milliseconds. */
const TARGET = 150;
const RUNS = 7;

const vite = await createServer({ root: viewer, configFile: false, logLevel: "error", server: { middlewareMode: true, watch: null, ws: false } });
try {
  const { layoutOf, curvesOf } = await vite.ssrLoadModule("/src/map/layout.ts");
  const { crossingsOf } = await vite.ssrLoadModule("/src/map/crossings.ts");
  const { randomForest, recipeStudy } = await vite.ssrLoadModule("/src/map/generate.ts");
  const studies = {
    "52 models, recipes": recipeStudy(52),
    "300 models, recipes": recipeStudy(300),
    "1,000 models, recipes": recipeStudy(1000),
    "1,000 models, random": randomForest(1, 1000),
    "1,000 models, random, a third with two parents": randomForest(1, 1000, { merged: 3 }),
    "2,000 models, random": randomForest(1, 2000),
    "1,000 models, one chain": Array.from({ length: 1000 }, (_, index) => ({ id: `m${index}`, parents: index ? [`m${index - 1}`] : [], operation: index % 2 ? "train" : "prune", created: index * 60_000 })),
  };
  console.log("study".padEnd(48), "arrangement".padEnd(12), "CPU ms".padStart(8), "links".padStart(7), "crossings".padStart(10), "rows".padStart(6));
  for (const [name, models] of Object.entries(studies)) {
    for (const arrangement of ["operation", "step", "time"]) {
      const times = Array.from({ length: RUNS }, () => cpu(() => layoutOf(arrangement, models))).sort((a, b) => a - b);
      const layout = layoutOf(arrangement, models);
      const milliseconds = times[RUNS >> 1];
      const verdict = models.length === 1000 ? (milliseconds <= TARGET ? "met" : `MISSED ${TARGET} ms`) : "";
      // The crossings of a map by time are not counted: its columns are no grid.
      const crossings = arrangement === "time" ? "" : crossingsOf(curvesOf(layout.links, column(layout, "column"), column(layout, "row")));
      console.log(name.padEnd(48), arrangement.padEnd(12), milliseconds.toFixed(1).padStart(8), String(layout.links.length).padStart(7), String(crossings).padStart(10), Math.ceil(layout.rows).toString().padStart(6), verdict);
    }
  }
} finally {
  await vite.close();
}

function column({ places }, key) {
  return new Map([...places].map(([id, place]) => [id, place[key]]));
}

function cpu(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
