// A worker on a file:// page: the browser takes no worker by URL there, but it takes a classic one from a Blob.
import type { WorkerPort } from "./connection.ts";

interface TrustedWorkers {
  createScriptURL(url: string): string;
}

/** @param texts classic scripts, run in this order in one global scope */
export function spawnWorker(name: string, texts: readonly string[]): WorkerPort {
  // Joined with a newline and semicolon, because a script may end in a comment or leave out its last semicolon.
  const blob = new Blob(texts.flatMap((text) => [text, "\n;\n"]), { type: "text/javascript" });
  const url = URL.createObjectURL(blob);
  // Not at once: a browser may read the Blob after the constructor has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return new Worker(policy ? policy.createScriptURL(url) : url, { name });
}

const policy: TrustedWorkers | undefined = globalThis.window?.trustedTypes?.createPolicy("cc-workers", {
  createScriptURL(url) {
    if (!url.startsWith("blob:")) throw new TypeError(`not a worker of this page: ${url}`);
    return url;
  },
});
