// A part of the page as a picture that stands alone: SVG with every style written out, whatever theme the page is in, and PNG of it.

import { FailureError } from "../failure.ts";

/** What is there to be pressed, or said to screen readers only, is no part of a picture. */
const LEFT_OUT = "button, input, fieldset, dialog, [role=tooltip], .said, [data-no-picture]";
/** Styles that SVG also takes as attributes, with the values that need not be written. */
const STYLES: readonly (readonly [string, string])[] = [
  ["opacity", "1"], ["fill-opacity", "1"], ["stroke-opacity", "1"], ["stroke-width", "1px"], ["stroke-dasharray", "none"],
  ["stroke-linecap", "butt"], ["stroke-linejoin", "miter"], ["paint-order", "normal"], ["text-anchor", "start"],
  ["font-size", ""], ["font-weight", "400"], ["dominant-baseline", "auto"], ["stop-opacity", "1"],
];
const COLOURS: readonly (readonly [string, string])[] = [["fill", "fill-opacity"], ["stroke", "stroke-opacity"], ["stop-color", "stop-opacity"]];
const SHAPES = "circle, rect, path, line, polyline, polygon, ellipse";
const NAMESPACE = "http://www.w3.org/2000/svg";
const PADDING = 12;
/** Pixels of the PNG for each of the page. */
const SCALE = 2;

/** Events of the window while a picture is made. */
export const PICTURE = { before: "cc-beforepicture", after: "cc-afterpicture" };

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** There is nothing on the page to make a picture of. */
export class PictureError extends FailureError {
  override readonly name = "PictureError";
}

/**
 * The element as a standalone SVG document; its fonts are the viewer's own sans-serif.
 * @param name what the reader knows it by; without an element, or with one that shows nothing, a PictureError says so
 */
export function svgOf(element: Element | null, name: string): string {
  const parts: SVGElement[] = [];
  const reach: Box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  const colours = colourReader();
  const put = (part: SVGElement, { left, top, right, bottom }: Box): void => {
    parts.push(part);
    reach.left = Math.min(reach.left, left);
    reach.top = Math.min(reach.top, top);
    reach.right = Math.max(reach.right, right);
    reach.bottom = Math.max(reach.bottom, bottom);
  };
  // As around printing: what paints itself for speed draws itself as elements.
  dispatchEvent(new Event(PICTURE.before));
  try {
    if (element) walk(element, { x: 0, y: 0 }, put, colours);
  } finally {
    dispatchEvent(new Event(PICTURE.after));
  }
  if (!Number.isFinite(reach.right - reach.left)) {
    throw new PictureError({
      what: "There is no such picture.",
      where: name,
      why: "The page no longer shows this chart.",
      tryThis: "Show it again, then open this menu anew.",
    });
  }
  const root = make("svg", {
    xmlns: NAMESPACE,
    width: reach.right - reach.left + 2 * PADDING,
    height: reach.bottom - reach.top + 2 * PADDING,
    "font-family": "sans-serif",
  });
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--panel").trim();
  root.append(make("rect", { width: "100%", height: "100%", fill: ground }));
  const moved = make("g", { transform: `translate(${PADDING - reach.left} ${PADDING - reach.top})` });
  moved.append(...parts);
  root.append(moved);
  return new XMLSerializer().serializeToString(root);
}

/** The picture as pixels, twice as many as on the page. */
export async function pngOf(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(image.naturalWidth * SCALE);
    canvas.height = Math.ceil(image.naturalHeight * SCALE);
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser could not encode the picture"))), "image/png");
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

type Put = (part: SVGElement, box: Box) => void;
type Colours = (value: string) => { readonly colour: string; readonly opacity: number } | null;

/** @param by how far the element's content is scrolled: a picture shows it unscrolled */
function walk(element: Element, by: { x: number; y: number }, put: Put, colours: Colours): void {
  const style = getComputedStyle(element);
  if (element.matches(LEFT_OUT) || style.display === "none" || style.visibility === "hidden") return;
  const box = boxOf(element.getBoundingClientRect(), by);
  if (element instanceof SVGSVGElement) {
    if (box.right > box.left) put(drawing(element, box, colours), box);
    return;
  }
  ground(element, style, box, put, colours);
  if (element instanceof HTMLSelectElement) {
    const chosen = element.selectedOptions[0]?.text ?? "";
    put(words(chosen, { ...box, left: box.left + 4 }, style, colours), box);
    return;
  }
  const inner = { x: by.x + element.scrollLeft, y: by.y + element.scrollTop };
  for (const node of element.childNodes) {
    if (node instanceof Element) walk(node, inner, put, colours);
    else if (node instanceof Text) for (const line of linesOf(node)) put(words(line.text, boxOf(line.box, inner), style, colours), boxOf(line.box, inner));
  }
}

/** Swatches and ramps: what has a ground of its own and no text. */
function ground(element: Element, style: CSSStyleDeclaration, box: Box, put: Put, colours: Colours): void {
  if (element.childNodes.length > 0 || box.right <= box.left) return;
  const stops = style.backgroundImage.match(/(rgba?|color|oklab|oklch)\([^()]*\)/g);
  const fill = colours(style.backgroundColor);
  const size = { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, rx: Number.parseFloat(style.borderTopLeftRadius) || 0 };
  if (style.backgroundImage.startsWith("linear-gradient") && stops && stops.length > 1) {
    // One name for each gradient of a picture: two of equal colours may share it.
    const id = `ramp-${stops.join("").replace(/[^\d]+/g, "-")}`;
    const gradient = make("linearGradient", { id });
    gradient.append(...stops.map((stop, place) => make("stop", { offset: place / (stops.length - 1), "stop-color": colours(stop)?.colour ?? "none" })));
    const group = make("g", {});
    group.append(gradient, make("rect", { ...size, fill: `url(#${id})` }));
    put(group, box);
  } else if (fill) put(make("rect", { ...size, fill: fill.colour, "fill-opacity": fill.opacity }), box);
  const border = Number.parseFloat(style.borderTopWidth);
  const line = colours(style.borderTopColor);
  if (border > 0 && box.bottom - box.top <= 2 * border && line) {
    const dashes = style.borderTopStyle === "dashed" ? { "stroke-dasharray": "4 3" } : {};
    put(make("line", { x1: box.left, x2: box.right, y1: box.top + border / 2, y2: box.top + border / 2, stroke: line.colour, "stroke-width": border, ...dashes }), box);
  }
}

/** A text on one line. */
function words(text: string, box: Box, style: CSSStyleDeclaration, colours: Colours): SVGElement {
  const middle = (box.top + box.bottom) / 2;
  const size = Number.parseFloat(style.fontSize);
  const word = make("text", { x: box.left, y: middle + size * 0.36, fill: colours(style.color)?.colour ?? "currentColor", "font-size": size });
  if (style.fontWeight !== "400") word.setAttribute("font-weight", style.fontWeight);
  word.textContent = text;
  return word;
}

/** The lines into which the page broke a text. */
function linesOf(node: Text): readonly { readonly text: string; readonly box: DOMRect }[] {
  const lines: { text: string; box: DOMRect; from: number }[] = [];
  const range = document.createRange();
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const box = range.getBoundingClientRect();
    const last = lines.at(-1);
    if (box.width === 0) continue;
    if (last && Math.abs(last.box.top - box.top) < 2) {
      range.setStart(node, last.from);
      last.text += ` ${word}`;
      last.box = range.getBoundingClientRect();
    } else lines.push({ text: word, box, from: index });
  }
  return lines;
}

/** A drawing of the page with its styles written out. */
function drawing(svg: SVGSVGElement, box: Box, colours: Colours): SVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const gone: Element[] = [];
  const originals = [svg, ...svg.querySelectorAll("*")];
  for (const [place, own] of [copy, ...copy.querySelectorAll("*")].entries()) {
    const original = originals[place]!;
    const style = getComputedStyle(original);
    if (style.display === "none" || style.visibility === "hidden" || original.matches(LEFT_OUT)) gone.push(own);
    if (!(own instanceof SVGElement) || own instanceof SVGTitleElement) continue;
    if (original.matches(SHAPES) && !visible(style, colours)) gone.push(own);
    writeOut(own, style, colours);
  }
  for (const own of gone) own.remove();
  for (const [name, value] of Object.entries({ x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top })) {
    copy.setAttribute(name, String(value));
  }
  return copy;
}

function visible(style: CSSStyleDeclaration, colours: Colours): boolean {
  return style.fill.startsWith("url(") || colours(style.fill) !== null || colours(style.stroke) !== null;
}

function writeOut(own: SVGElement, style: CSSStyleDeclaration, colours: Colours): void {
  for (const { name } of [...own.attributes]) {
    if (/^(class|style|tabindex|role|aria-.*|data-.*)$/.test(name)) own.removeAttribute(name);
  }
  const text = own instanceof SVGTextContentElement;
  for (const [name, usual] of STYLES) {
    const value = style.getPropertyValue(name);
    if (value === usual || (!text && /^(font|text|paint-order|dominant)/.test(name)) || value === "") continue;
    own.setAttribute(name, value);
  }
  // A computed transform counts in pixels, and as a matrix: it replaces the attribute it may come from.
  if (style.transform.startsWith("matrix(")) own.setAttribute("transform", style.transform);
  for (const [name, opacity] of COLOURS) {
    const value = style.getPropertyValue(name);
    if (name === "stop-color" ? !(own instanceof SVGStopElement) : !(own instanceof SVGGeometryElement || text)) continue;
    if (value.startsWith("url(")) {
      own.setAttribute(name, value.replaceAll('"', ""));
      continue;
    }
    const found = colours(value);
    own.setAttribute(name, found?.colour ?? "none");
    if (found && found.opacity < 1) own.setAttribute(opacity, String(found.opacity * Number(style.getPropertyValue(opacity) || 1)));
  }
}

/** Any CSS colour as #rrggbb and an opacity, as the canvas paints it: other programs do not know color-mix or oklab. Null: not to be seen. */
function colourReader(): Colours {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const known = new Map<string, ReturnType<Colours>>();
  return (value) => {
    let found = known.get(value);
    if (found !== undefined) return found;
    if (value === "none" || value === "") found = null;
    else {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = "transparent";
      context.fillStyle = value;
      context.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
      const hex = [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
      found = alpha === 0 ? null : { colour: `#${hex}`, opacity: Math.round((alpha / 255) * 1000) / 1000 };
    }
    known.set(value, found);
    return found;
  };
}

function boxOf({ left, top, right, bottom }: DOMRect, by: { x: number; y: number }): Box {
  return { left: left + by.x, top: top + by.y, right: right + by.x, bottom: bottom + by.y };
}

function make(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
