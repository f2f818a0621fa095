// The one place where a script enters the page.

/** The part of the Trusted Types API that is used; browsers without it take the plain string. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

declare global {
  interface Window {
    trustedTypes?: TrustedTypes;
  }
}

// Scripts come from the page's own folder: a relative path without a scheme, and nothing above the folder.
const RELATIVE = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[^:/?#][^:?#]*\.js$/;

/** Runs the script at a URL relative to the page. */
export function loadScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.async = true;
    script.src = ownScripts(url);
    const settle = (finish: () => void) => () => {
      script.remove();
      removeEventListener("error", quiet, true);
      finish();
    };
    // A chunk that was cut off is a syntax error. It is reported where the chunk was asked for, in words that help; the console
    // needs no second report. Browsers name no file for scripts of a file:// page.
    const quiet = (event: ErrorEvent | Event) => {
      if (event instanceof ErrorEvent && (event.filename === script.src || event.filename === "")) event.preventDefault();
    };
    addEventListener("error", quiet, true);
    script.addEventListener("load", settle(resolve));
    script.addEventListener("error", settle(() => reject(new Error(`no script at ${url}`))));
    document.head.append(script);
  });
}

const policy = globalThis.window?.trustedTypes?.createPolicy("cc-chunks", { createScriptURL: checkedScript });

function ownScripts(url: string): string {
  return policy ? policy.createScriptURL(url) : checkedScript(url);
}

/** The URL, if it can only lead to a script of this site. */
export function checkedScript(url: string): string {
  if (!RELATIVE.test(url)) throw new TypeError(`not a script of this site: ${url}`);
  return url;
}
