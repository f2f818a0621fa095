import { describe, expect, it } from "vitest";
import { toCsv } from "./csv.ts";

/** A reader of RFC 4180, written apart from the writer. */
function read(text: string): string[][] {
  const rows: string[][] = [[]];
  let place = text.startsWith("\ufeff") ? 1 : 0;
  while (place < text.length) {
    let value = "";
    if (text[place] === '"') {
      for (place += 1; !(text[place] === '"' && text[place + 1] !== '"'); place += 1) {
        if (text[place] === '"') place += 1;
        value += text[place];
      }
      place += 1;
    } else while (place < text.length && text[place] !== "," && text[place] !== "\r") value += text[place++];
    rows.at(-1)!.push(value);
    if (text.startsWith("\r\n", place)) {
      place += 2;
      if (place < text.length) rows.push([]);
    } else place += 1;
  }
  return rows;
}

describe("toCsv", () => {
  it("comes back cell by cell, whatever the cells hold", () => {
    const rows = [["id", "a,b", 'say "hi"'], ["😀", "two\r\nlines", " spaced "], ["", "x".repeat(300), "semi;colon"]];
    expect(read(toCsv(rows))).toEqual(rows);
  });

  it("ends every line with CR LF and begins with a byte order mark", () => {
    expect(toCsv([["a", 1], [null, -0.5]])).toBe("\ufeffa,1\r\n,-0.5\r\n");
  });

  it("makes no formula of a text, and no text of a number", () => {
    expect(read(toCsv([["=1+1", "+x", "-x", "@x", "\tx", -1, Number.NaN, -Infinity]]))).toEqual([
      ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "-1", "NaN", "-Infinity"],
    ]);
  });
});
