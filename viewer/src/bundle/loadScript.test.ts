import { describe, expect, test } from "vitest";
import { checkedScript } from "./loadScript.ts";

describe("script URLs", () => {
  test.each(["data/models.js", "runtime/pyodide.js.0.js", "data/layers/50%25%20%231.js"])("lets %s through", (url) => {
    expect(checkedScript(url)).toBe(url);
  });

  test.each(["https://example.org/x.js", "//example.org/x.js", "/x.js", "../x.js", "data/../../x.js", "data:text/javascript,1", "x.js?y", "x.css"])(
    "refuses %s",
    (url) => {
      expect(() => checkedScript(url)).toThrow(`not a script of this site: ${url}`);
    },
  );
});
