// The exporter as its users run it, and what Python itself says to the questions that the page answers.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON = process.env.CC_PYTHON || here("../../.venv/bin/python");

/** The digits study in the repository: its models and its evaluation set serve smaller studies too. */
export const DIGITS = here("../../examples/digits");

/**
 * The site of the demo, in a temporary folder; the one that suite.mjs made, where it runs the tests. As every site here it is made once
 * for all who ask and stays until the process ends: copy it before you change it.
 * @returns {Promise<{folder: string}>}
 */
export async function demoSite() {
  if (process.env.CC_DEMO) return { folder: process.env.CC_DEMO, close: () => {} };
  return once(["demo"], () => made((folder) => python("-m", "cc_export", "demo", "--quiet", "--output", folder)));
}

/**
 * The site of a study that is made for tests.
 * @param {object} study what study.json holds
 * @param {Record<string, Buffer>} files other files of the study's folder, by path
 * @returns {Promise<{folder: string}>}
 */
export function studySite(study, files = {}) {
  const content = { "study.json": JSON.stringify(study), ...files };
  return once(["study", content], () =>
    made(async (folder) => {
      const source = mkdtempSync(join(tmpdir(), "cc-study-"));
      try {
        for (const [path, bytes] of Object.entries(content)) {
          mkdirSync(dirname(join(source, path)), { recursive: true });
          writeFileSync(join(source, path), bytes);
        }
        await python("-m", "cc_export", "build", source, "--quiet", "--output", folder);
      } finally {
        rmSync(source, { recursive: true });
      }
    }),
  );
}

/** What native.py answers. */
export async function native(...question) {
  return JSON.parse(await once(["native", question], () => python(here("native.py"), ...question.map(String))));
}

const kept = new Map();

/** What was made for the same request, so that both browsers need it once. */
function once(request, make) {
  const key = JSON.stringify(request);
  if (!kept.has(key)) kept.set(key, make());
  return kept.get(key);
}

const parents = [];
process.once("exit", () => {
  for (const parent of parents) rmSync(parent, { recursive: true, force: true });
});

async function made(write) {
  const parent = mkdtempSync(join(tmpdir(), "cc-exported-"));
  parents.push(parent);
  const folder = join(parent, "site");
  await write(folder);
  return { folder };
}

/** Exit code 1 is an export that is done although some models failed. */
function python(...args) {
  return new Promise((resolve, reject) => {
    execFile(PYTHON, args, { encoding: "utf8", maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error && !(error.code === 1 && args.includes("build"))) reject(new Error(stderr || error.message));
      else resolve(stdout);
    });
  });
}
