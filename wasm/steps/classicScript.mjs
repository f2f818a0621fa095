// ES modules as classic scripts. A worker on a file:// page is a classic script, and could import a module from a blob: or data: URL
// only; then the page's policy would have to allow scripts from there. So the two modules that come as such become part of the
// workers' own text: wrapped, with two kinds of tokens replaced, and nothing else changed.

/**
 * A script that leaves a promise of the module's default export in a global variable.
 * @param {string} text the module
 * @param {string} global name of the variable
 */
export function moduleAsScript(text, global) {
  const named = [...text.matchAll(/export default (\w+);/g)];
  if (named.length !== 1) throw new Error(`${global}: the module has ${named.length} "export default"; expected one`);
  // The address is looked at, never loaded. A file: URL, because under Node, where the tests run, it must be one.
  const body = text.replaceAll("import.meta.url", JSON.stringify(`file:///${global}.mjs`)).replace(named[0][0], "");
  if (/\bimport\.meta\b|^\s*(?:import|export)\b/m.test(body)) throw new Error(`${global}: the module uses more of its kind than is replaced`);
  return `globalThis.${global}=(async()=>{"use strict";\n${body}\nreturn ${named[0][1]};})();\n`;
}

/**
 * onnxruntime-web with its one import of a module replaced by the promise that moduleAsScript() leaves.
 * @param {string} text `ort.wasm.min.js` @param {string} global
 */
export function withoutImport(text, global) {
  const imports = [...text.matchAll(/\(await import\((?:\/\*[^*]*\*\/\s*)*\w+\)\)\.default/g)];
  if (imports.length !== 1) throw new Error(`onnxruntime-web: ${imports.length} imports of a module; expected one`);
  return text.replace(imports[0][0], `await globalThis.${global}`);
}

/** Scripts in one file. A script may end in a comment or without its last semicolon; maps are not shipped. */
export function joined(...texts) {
  return Buffer.from(texts.map((text) => `${text.replace(/^\/\/# sourceMappingURL=.*$/m, "")}\n;\n`).join(""));
}
