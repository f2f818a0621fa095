// Python and ONNX Runtime run inside the page, from the site's own files: in both browsers, from a folder and from a server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeEngineSite, MODELS } from "./engineSite.mjs";
import { BROWSERS } from "./launch.mjs";
import { sharedBrowser } from "./reader.mjs";
import { strangers, watch } from "./requests.mjs";
import { TRANSPORTS } from "./site.mjs";

let made;
before(() => (made = makeEngineSite()));
after(() => made.close());

for (const name of BROWSERS) {
  const browser = sharedBrowser(name);
  for (const [transport, open] of Object.entries(TRANSPORTS)) {
    describe(`${name} over ${transport}`, () => {
      let page, site, seen;
      before(async () => {
        site = await open(made.folder);
        page = await (await browser()).newPage();
        seen = watch(page);
        await page.goto(`${site.base}index.html`);
        await page.waitForFunction("window.__cc");
      });
      after(async () => {
        await page?.close();
        await site?.close();
      });

      /** Runs in the page; typed arrays come back as arrays, errors as their parts. */
      const inPage = (action, ...values) =>
        page.evaluate(
          `(async () => {
            const plain = (value) => JSON.parse(JSON.stringify(value ?? null, (_, item) =>
              ArrayBuffer.isView(item) ? Array.from(item, (x) => (typeof x === "bigint" ? String(x) : Number.isFinite(x) ? x : String(x))) : item));
            try { return plain(await (${action})(window.__cc, ...${JSON.stringify(values)})); }
            catch (error) { return plain({ error: error.name, kind: error.kind, fault: error.fault, what: error.what, where: error.where, why: error.why, message: error.message, detail: error.detail }); }
          })()`,
        );

      test("nothing is loaded before it is needed", async () => {
        assert.deepEqual(await inPage((cc) => [cc.python.status.get(), cc.onnx.status.get()]), [{ state: "idle" }, { state: "idle" }]);
        assert.deepEqual(seen.requests.filter((url) => url.includes("/runtime/")), []);
      });

      test("Python starts, and says what it loads, how far it is and what it is", async () => {
        const states = await inPage(async ({ python }) => {
          const states = [];
          python.status.subscribe((status) => states.push(status));
          await python.warm();
          return states;
        });
        assert.deepEqual([...new Set(states.map(({ state }) => state))], ["idle", "loading", "starting", "ready"]);
        const loading = states.filter(({ state }) => state === "loading");
        assert.equal(loading[0].asset, "Python and numpy");
        assert.ok(loading[0].total > 8e6 && loading[0].total < 12e6, `${loading[0].total} bytes`);
        assert.equal(loading[0].loaded, 0);
        assert.equal(loading.at(-1).loaded, loading.at(-1).total);
        assert.deepEqual(loading.map(({ loaded }) => loaded), loading.map(({ loaded }) => loaded).toSorted((a, b) => a - b), "progress never goes back");
        assert.equal(states.at(-1).versions.python, "3.14.2");
        assert.ok(states.at(-1).milliseconds > 0);
      });

      test("cc_core computes on the page's numbers", async () => {
        const { result } = await inPage(({ python }) =>
          python.call("statistics", { tensors: [{ dtype: "float32", shape: [4] }] }, [Float32Array.of(0, 1.5, Number.NaN, -3)]),
        );
        const [{ count, zeros, nan, minimum, maximum }] = result;
        assert.deepEqual({ count, zeros, nan, minimum, maximum }, { count: 4, zeros: 1, nan: 1, minimum: -3, maximum: 1.5 });
      });

      test("a view into a larger buffer is taken as the view", async () => {
        const { result } = await inPage(({ python }) =>
          python.call("statistics", { tensors: [{ dtype: "float32", shape: [2] }] }, [Float32Array.of(9, 1, 2, 9).subarray(1, 3)]),
        );
        assert.equal(result[0].maximum, 2);
      });

      test("a request that cc_core refuses is explained in its words", async () => {
        const failure = await inPage(({ python }) => python.call("dance", {}));
        assert.equal(failure.error, "EngineError");
        assert.equal(failure.kind, "CoreError");
        assert.match(failure.why, /^unknown question 'dance'; allowed: /);
        assert.equal(failure.where, "cc_core: dance");
        assert.match(failure.detail, /Traceback[\s\S]*cc_core\/api\.py/);
      });

      test("cancelling a computation replaces Python; the next call works", async () => {
        const outcome = await inPage(async ({ python }) => {
          const cancel = new AbortController();
          const big = python.call("statistics", { tensors: [{ dtype: "float64", shape: [8_000_000] }] }, [new Float64Array(8_000_000)], { signal: cancel.signal });
          setTimeout(() => cancel.abort(new Error("no longer wanted")), 30);
          const reason = await big.then(() => "finished", (error) => error.message);
          const after = await python.call("statistics", { tensors: [{ dtype: "int8", shape: [1] }] }, [Int8Array.of(7)]);
          return [reason, after.result[0].maximum];
        });
        assert.deepEqual(outcome, ["no longer wanted", 7]);
      });

      test("loading can be stopped, and started again", async () => {
        const outcome = await inPage(async ({ python }) => {
          python.stop();
          const warm = python.warm();
          const stop = python.status.subscribe((status) => status.state === "loading" && queueMicrotask(() => python.stop()));
          const reason = await warm.then(() => "ready", (error) => error.name);
          stop();
          const state = python.status.get().state;
          await python.warm();
          return [reason, state, python.status.get().state];
        });
        assert.deepEqual(outcome, ["AbortError", "idle", "ready"]);
      });

      test("a model runs, and shows a tensor inside it", async () => {
        const { outputs, milliseconds } = await inPage(
          ({ onnx }, model) => onnx.run({ model, expose: ["hidden", "y"], feeds: { x: { type: "float32", dims: [2, 3], data: Float32Array.of(1, 2, 3, -1, 0, 0) } } }),
          MODELS.perceptron,
        );
        assert.deepEqual(outputs.y, { type: "float32", dims: [2, 2], data: [14, 140, 1, 10] });
        assert.deepEqual(outputs.hidden, { type: "float32", dims: [2, 2], data: [14, 0, 0, 1] });
        assert.ok(milliseconds >= 0);
      });

      test("only what is asked for is computed and sent", async () => {
        const { outputs } = await inPage(
          ({ onnx }, model) => onnx.run({ model, expose: ["hidden"], fetch: ["hidden"], feeds: { x: { type: "float32", dims: [1, 3], data: new Float32Array(3) } } }),
          MODELS.perceptron,
        );
        assert.deepEqual(Object.keys(outputs), ["hidden"]);
      });

      test("every type comes back: float16 as its bits, int64 whole", async () => {
        const { outputs } = await inPage(
          ({ onnx }, model) => onnx.run({ model, feeds: { x: { type: "float32", dims: [3], data: Float32Array.of(1, -2.5, 65504) } } }),
          MODELS.types,
        );
        assert.deepEqual(outputs.half, { type: "float16", dims: [3], data: [0x3c00, 0xc100, 0x7bff] });
        assert.deepEqual(outputs.whole, { type: "int64", dims: [3], data: ["1", "-2", "65504"] });
        assert.deepEqual(outputs.double, { type: "float64", dims: [3], data: [1, -2.5, 65504] });
        assert.deepEqual(outputs.above, { type: "bool", dims: [3], data: [0, 0, 1] });
      });

      test("what onnxruntime refuses is explained", async () => {
        const unknown = await inPage(({ onnx }, model) => onnx.run({ model, label: "perceptron", expose: ["nowhere"], feeds: {} }), MODELS.perceptron);
        assert.equal(unknown.error, "EngineError");
        assert.equal(unknown.where, "perceptron");
        assert.match(unknown.why, /nowhere/);
        const shape = await inPage(
          ({ onnx }, model) => onnx.run({ model, feeds: { x: { type: "float32", dims: [1, 4], data: new Float32Array(4) } } }),
          MODELS.perceptron,
        );
        assert.match(shape.why, /dimension/i);
        const missing = await inPage(({ onnx }) => onnx.run({ model: "data/onnx/none", feeds: {} }));
        assert.deepEqual([missing.error, missing.fault, missing.where], ["BundleError", "unlisted", "data/onnx/none"]);
      });

      test("a model that was released is loaded again", async () => {
        const outcome = await inPage(async ({ onnx }, model) => {
          const feeds = { x: { type: "float32", dims: [1, 3], data: Float32Array.of(1, 0, 0) } };
          await onnx.run({ model, feeds });
          await onnx.release(model);
          const states = [];
          const stop = onnx.status.subscribe((status) => states.push(`${status.state} ${status.asset ?? ""}`.trim()));
          const { outputs } = await onnx.run({ model, feeds, label: "my model" });
          stop();
          return [outputs.y.data, [...new Set(states)]];
        }, MODELS.perceptron);
        assert.deepEqual(outcome, [[1, 10], ["ready", "loading my model"]]);
      });

      test("nothing left the folder, and nothing was complained about", () => {
        assert.deepEqual(strangers(seen, site.base), []);
        assert.deepEqual(seen.complaints, []);
      });
    });
  }
}
