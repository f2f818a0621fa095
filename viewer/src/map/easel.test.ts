import { describe, expect, it } from "vitest";
import { Easel } from "./easel.ts";
import type { PaintingOrder } from "./paintingContract.ts";
import type { Ink, Picture } from "./paint.ts";

const INK: Ink = { colours: [], panel: "#fff", line: "#ddd", outline: "#555", failed: "#b00" };

function picture(width: number): Picture {
  return {
    width,
    height: 1,
    ratio: 1,
    lines: [],
    reach: [0, 1],
    ribbons: { courses: new Float32Array(), colours: new Uint16Array(), opacities: new Float32Array() },
    marks: { places: new Float32Array(), colours: new Uint16Array(), rings: new Uint16Array(), looks: new Uint8Array() },
    names: { texts: [], places: new Float32Array(), colours: new Uint16Array(), faint: new Uint8Array() },
    font: "11px sans-serif",
  };
}

describe("an easel", () => {
  function posted() {
    const orders: PaintingOrder[] = [];
    const easel = new Easel(3, (order) => orders.push(order));
    const widths = () => orders.flatMap((order) => ("picture" in order ? [order.picture.width] : []));
    const inks = () => orders.filter((order) => "ink" in order).length;
    return { easel, orders, widths, inks };
  }

  it("hands on the newest picture once the last one is painted, and none of those between", () => {
    const { easel, widths } = posted();
    for (const width of [1, 2, 3, 4]) easel.show(picture(width), INK);
    expect(widths()).toEqual([1]);
    easel.painted();
    expect(widths()).toEqual([1, 4]);
    easel.painted();
    expect(widths()).toEqual([1, 4]);
    easel.show(picture(5), INK);
    expect(widths()).toEqual([1, 4, 5]);
  });

  it("tells the colours once, and again when they change", () => {
    const { easel, orders, inks } = posted();
    easel.show(picture(1), INK);
    easel.painted();
    easel.show(picture(2), INK);
    expect(inks()).toBe(1);
    easel.show(picture(3), { ...INK, panel: "#000" });
    easel.painted();
    expect(inks()).toBe(2);
    expect(orders.at(-1)).toMatchObject({ easel: 3, picture: { width: 3 } });
  });
});
