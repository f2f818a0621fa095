import { describe, expect, it } from "vitest";
import type { DatasetRecord, InstancesChunk, PreviewRecord } from "../bundle/types.gen.ts";
import { instanceOf } from "./instances.ts";
import { nameInstance, previewOf, spellCells } from "./preview.ts";

const chunk: InstancesChunk = {
  first: 20,
  ids: ["patient-1", "patient-2"],
  labels: [0, 1],
  cells: [[39, 12.123456, "female", null, ["a", 2.5], true], ["NaN", 0, "", -1, [], false]],
  pictures: { dtype: "uint8", shape: [2, 1, 2], data: btoa("\u0001\u0002\u0003\u0004") },
};
/** Of a table or of texts there are no pictures. */
const rows = { ...chunk, pictures: null };
const table: PreviewRecord = { kind: "table", array: null, columns: ["age", "radius", "sex", "note", "list", "smokes"] };
const text: PreviewRecord = { kind: "text", array: null, columns: ["review"] };

describe("what is shown of an instance", () => {
  it("is the cells of its row, each with its column, of a table", () => {
    const shown = previewOf(table, instanceOf(rows, 20));
    expect(shown.kind === "cells" && spellCells(shown.cells)).toBe("age 39, radius 12.1, sex female, note –, list a 2.5, smokes true");
    const next = previewOf(table, instanceOf(rows, 21));
    expect(next.kind === "cells" && next.cells.slice(0, 2)).toEqual([{ name: "age", text: "NaN" }, { name: "radius", text: "0" }]);
  });

  it("is the text alone of a text", () => {
    const reviews = { ...rows, cells: [["Good, <b>very</b> good."], [""]] };
    expect(previewOf(text, instanceOf(reviews, 20))).toEqual({ kind: "cells", cells: [{ name: "", text: "Good, <b>very</b> good." }] });
  });

  it("is its picture of an image, and its id where there is nothing else", () => {
    const image: PreviewRecord = { kind: "image", array: "pixels", columns: [] };
    const without = { ...chunk, cells: [] };
    expect(previewOf(image, instanceOf(without, 20)).kind).toBe("picture");
    expect([previewOf(image, instanceOf({ ...without, pictures: null }, 20)), previewOf(null, instanceOf(chunk, 20))]).toEqual([{ kind: "id" }, { kind: "id" }]);
  });

  it("is called an image by its number, and anything else an instance by its id, once that is loaded", () => {
    const dataset = (preview: PreviewRecord | null) => ({ preview, chunk_size: 20 }) as DatasetRecord;
    const chunks = new Map([[1, chunk]]);
    expect(nameInstance(dataset({ kind: "image", array: "pixels", columns: [] }), chunks, 21)).toBe("image 21");
    expect([table, text, null].map((preview) => nameInstance(dataset(preview), chunks, 21))).toEqual(Array(3).fill("instance patient-2"));
    expect(nameInstance(dataset(table), new Map(), 21)).toBe("instance 21");
  });
});
