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
 * The site of the demo, in a temporary folder; the one that suite.mjs made, where it runs the tests. Copy it before you change it.
 * @returns {Promise<{folder: string, close: () => void}>}
 */
export async function demoSite() {
  if (process.env.CC_DEMO) return { folder: process.env.CC_DEMO, close: () => {} };
  return made((folder) => python("-m", "cc_export", "demo", "--quiet", "--output", folder));
}

/**
 * The site of a study that is made for a test.
 * @param {object} study what study.json holds
 * @param {Record<string, Buffer>} files other files of the study's folder, by path
 * @returns {Promise<{folder: string, close: () => void}>}
 */
export function studySite(study, files = {}) {
  return made(async (folder) => {
    const source = mkdtempSync(join(tmpdir(), "cc-study-"));
    try {
      for (const [path, content] of Object.entries({ "study.json": JSON.stringify(study), ...files })) {
        mkdirSync(dirname(join(source, path)), { recursive: true });
        writeFileSync(join(source, path), content);
      }
      await python("-m", "cc_export", "build", source, "--quiet", "--output", folder);
    } finally {
      rmSync(source, { recursive: true });
    }
  });
}

/** What native.py answers. */
export async function native(...question) {
  return JSON.parse(await python(here("native.py"), ...question.map(String)));
}

async function made(write) {
  const parent = mkdtempSync(join(tmpdir(), "cc-exported-"));
  const folder = join(parent, "site");
  await write(folder);
  return { folder, close: () => rmSync(parent, { recursive: true }) };
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
