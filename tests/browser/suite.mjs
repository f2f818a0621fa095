// Every browser test, file after file. The demo is exported once, for all files that open it.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { argv, execPath, exit } from "node:process";
import { fileURLToPath } from "node:url";
import { demoSite } from "./exporter.mjs";

const cwd = fileURLToPath(new URL(".", import.meta.url));
const files = argv.length > 2 ? argv.slice(2) : readdirSync(cwd).filter((file) => file.endsWith(".test.mjs")).sort();
const demo = await demoSite();
const { status } = spawnSync(execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], {
  cwd,
  stdio: "inherit",
  env: { ...process.env, CC_DEMO: demo.folder },
});
exit(status ?? 1);
