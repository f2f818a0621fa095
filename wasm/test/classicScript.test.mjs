import assert from "node:assert/strict";
import { test } from "node:test";
import { joined, moduleAsScript, withoutImport } from "../steps/classicScript.mjs";

test("a module becomes a script that leaves its default export in a promise", async () => {
  const script = moduleAsScript("async function make(){return import.meta.url}export default make;var after=await 1;", "testModule");
  (0, eval)(script);
  assert.equal(await (await globalThis.testModule)(), "file:///testModule.mjs");
  delete globalThis.testModule;
});

test("a module that uses more is refused, so that an update is noticed", () => {
  assert.throws(() => moduleAsScript("export const a = 1;", "m"), /m: the module has 0 "export default"; expected one/);
  assert.throws(() => moduleAsScript("import.meta.env;function f(){}export default f;", "m"), /m: the module uses more of its kind than is replaced/);
});

test("onnxruntime-web's import is replaced, and must be the only one", () => {
  const text = "var load=async e=>(await import(/*webpackIgnore:true*/ /*@vite-ignore*/e)).default;";
  assert.equal(withoutImport(text, "glue"), "var load=async e=>await globalThis.glue;");
  assert.throws(() => withoutImport("", "glue"), /0 imports of a module; expected one/);
});

test("joined scripts end where they end, and ask for no source map", () => {
  const script = joined("globalThis.joinedTest=1 // last\n//# sourceMappingURL=x.js.map", "(()=>{globalThis.joinedTest++})()").toString();
  assert.doesNotMatch(script, /sourceMappingURL/);
  (0, eval)(script);
  assert.equal(globalThis.joinedTest, 2);
  delete globalThis.joinedTest;
});
