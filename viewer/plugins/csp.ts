// The page's content security policy: nothing is allowed but what is listed here, each source with its reason.
// tests/browser/csp.test.mjs tries the site under it, and tries that what it forbids is refused.

interface Directive {
  readonly name: string;
  readonly sources: readonly { readonly source: string; readonly why: string }[];
}

export const DIRECTIVES: readonly Directive[] = [
  { name: "default-src", sources: [{ source: "'none'", why: "whatever is not listed is refused: fonts, frames, objects, media, manifests" }] },
  {
    name: "script-src",
    sources: [
      { source: "'self'", why: "viewer.js and the chunk files beside it" },
      { source: "'wasm-unsafe-eval'", why: "compiling WebAssembly; eval() of text stays forbidden" },
    ],
  },
  { name: "worker-src", sources: [{ source: "blob:", why: "a file:// page may start workers from Blobs only" }] },
  { name: "style-src", sources: [{ source: "'self'", why: "viewer.css; inline styles are refused" }] },
  {
    name: "img-src",
    sources: [
      { source: "data:", why: "instance pictures, which are part of chunks" },
      { source: "blob:", why: "charts saved as pictures" },
    ],
  },
  { name: "connect-src", sources: [{ source: "'none'", why: "no fetch, no XMLHttpRequest, no WebSocket, in the page and in its workers" }] },
  { name: "base-uri", sources: [{ source: "'none'", why: "relative URLs cannot be pointed elsewhere" }] },
  { name: "form-action", sources: [{ source: "'none'", why: "no form is sent anywhere" }] },
  {
    name: "require-trusted-types-for",
    sources: [{ source: "'script'", why: "text becomes markup, a script or a worker through one of the policies below only" }],
  },
  {
    name: "trusted-types",
    sources: [
      { source: "cc-chunks", why: "scripts: relative paths below the page's folder (src/bundle/loadScript.ts)" },
      { source: "cc-workers", why: "workers: blob: URLs (src/engine/spawn.ts)" },
      { source: "svelte-trusted-html", why: "Svelte's templates, which are part of viewer.js" },
    ],
  },
];

/** The value of the meta element. */
export function contentSecurityPolicy(directives: readonly Directive[] = DIRECTIVES): string {
  return directives.map(({ name, sources }) => [name, ...sources.map(({ source }) => source)].join(" ")).join("; ");
}
