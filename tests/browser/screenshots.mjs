// Pictures for the documentation: `make screenshots [PICTURES=overview,filters]`. They are looked at, not compared.
//
// The ImageNet study of 52 models is not part of the repository: it is looked for beside the checkout, or where STUDIES says, and a
// generated study of as many models takes its place where it is not found.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";
import { demoSite, studySite } from "./exporter.mjs";
import { launch } from "./launch.mjs";
import { fileSite } from "./site.mjs";
import { generatedStudy } from "./studies.mjs";
import { linkTo } from "./visit.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const IMAGES = here("../../docs/images/");
const IMAGENET = join(env.STUDIES ?? here("../../../shared/data/reference_studies"), "imagenet_52.json");
const real = existsSync(IMAGENET);

const DIGITS = ["prune-all-50", "prune-all-70", "recalibrate-all-50", "recalibrate-all-70"];
const imagenet = real ? { title: "ImageNet: ResNet-50 and MobileNetV2, compressed", ...JSON.parse(readFileSync(IMAGENET, "utf8")) } : generatedStudy(52);
const ids = imagenet.models.map((model) => model.id);
/** Three amounts of magnitude pruning, each left alone and trained again; and all of these quantized besides. */
const pruned = ids.filter((id) => /^resnet50trained-magnitudepruning(50|75|90)_compressed(-retrained)?$/.test(id));
const quantized = ids.filter((id) => /^resnet50trained-magnitudepruning(50|75|90)_compressed(-recalibrated|-retrained)?(_quantizeint8)?$/.test(id));
const generated = generatedStudy(1000);

/** The two sizes, light and dark, of each view of the Overview. */
const SIZES = [[1280, 720], [1920, 1080]];
const VIEWS = [
  { name: "imagenet", site: "imagenet", hash: "" },
  { name: "two-variables", site: "imagenet", hash: linkTo(real ? pruned : ids.slice(4, 10)), ready: ".sentence", show: ".details" },
  { name: "facets", site: "imagenet", hash: linkTo(real ? quantized : ids.slice(4, 20)), ready: ".sentence", show: ".details" },
  { name: "filters", site: "imagenet", hash: linkTo([], { panel: "plot" }), act: filtering },
  { name: "tooltip", site: "imagenet", hash: linkTo([], { panel: "plot" }), act: pointing },
  { name: "thousand", site: "generated", hash: linkTo(generated.models.slice(400, 403).map((model) => model.id), { panel: "plot" }), ready: ".sentence" },
];

/** Each picture: what the link shows, the viewport, and what must be there before it is taken. */
const PICTURES = [
  { name: "overview", site: "digits", hash: linkTo(DIGITS), width: 1280, height: 900, dark: false, ready: ".sentence" },
  { name: "overview-dark", site: "digits", hash: linkTo(DIGITS), width: 1280, height: 900, dark: true, ready: ".sentence" },
  { name: "run-here", site: "digits", hash: linkTo(["prune-all-50", "recalibrate-all-50", "int8-dynamic"], { instance: "3" }), width: 1280, height: 720, dark: false, ready: "[data-activation]", act: running, show: ".run" },
  ...VIEWS.flatMap((view) =>
    SIZES.flatMap(([width, height]) => [false, true].map((dark) => ({ ...view, name: `${view.name}-${width}${dark ? "-dark" : ""}`, width, height, dark }))),
  ),
];

async function filtering(page) {
  const add = 'select:has(option[value=""]):has(optgroup)';
  const [metric, most] = real ? ["Top-1 Accuracy", "70 %"] : ["Accuracy", "70 %"];
  await page.select(add, JSON.stringify(["metric", metric]));
  await page.select(add, JSON.stringify(["value", "operation"]));
  await page.type(`[aria-label="${metric} at least"]`, most);
  await page.keyboard.press("Tab");
}

async function pointing(page) {
  const id = real ? "resnet50trained-magnitudepruning50_compressed-retrained" : ids[8];
  await page.hover(`[data-model="${id}"] .node`);
  await page.waitForSelector("[role=tooltip]");
}

function running(page) {
  return page.locator("button.primary").click();
}

async function take(browser, { base }, { name, hash, width, height, dark, ready = "main", act, show }) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  await page.goto(`${base}index.html${hash}`);
  await page.waitForSelector("[data-drawn]");
  await act?.(page);
  await page.waitForSelector(ready);
  if (show) await page.$eval(show, (panel) => panel.scrollIntoView());
  // Fonts, bars and legends settle within a frame or two.
  await new Promise((resolve) => setTimeout(resolve, 400));
  const path = `${IMAGES}${name}.png`;
  await page.screenshot({ path });
  await page.close();
  // A page has few colours: a palette makes a third of it.
  execFileSync("pngquant", ["--force", "--ext", ".png", "--strip", "--speed", "1", "--nofs", width > 1500 ? "48" : "96", path]);
}

const wanted = env.PICTURES?.split(",");
const pictures = PICTURES.filter(({ name }) => !wanted || wanted.some((start) => name.startsWith(start)));
const made = { digits: demoSite, imagenet: () => studySite(imagenet), generated: () => studySite(generated) };
const browser = await launch("chromium");
mkdirSync(IMAGES, { recursive: true });
for (const [site, make] of Object.entries(made)) {
  const own = pictures.filter((picture) => picture.site === site);
  if (own.length === 0) continue;
  const exported = await make();
  const served = fileSite(exported.folder);
  for (const picture of own) await take(browser, served, picture);
  served.close();
}
await browser.close();
