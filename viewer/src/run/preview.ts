// What is shown of an instance: its picture, its text, or the cells of its row; and what an instance is called.

import type { DatasetRecord, InstancesChunk, Json, PreviewRecord } from "../bundle/types.gen.ts";
import { spellValue } from "../study/study.ts";
import { pictureOf, type Instance, type Picture } from "./instances.ts";
import { significant } from "./numbers.ts";

export interface PreviewCell {
  /** The column; empty for a text, which stands alone. */
  readonly name: string;
  readonly text: string;
}

export type Preview =
  | { readonly kind: "picture"; readonly picture: Picture }
  | { readonly kind: "cells"; readonly cells: readonly PreviewCell[] }
  /** Nothing but its id. */
  | { readonly kind: "id" };

export function previewOf(preview: PreviewRecord | null, instance: Instance): Preview {
  if (preview === null) return { kind: "id" };
  const picture = pictureOf(instance.picture);
  if (picture) return { kind: "picture", picture };
  const cells = instance.cells.map((cell, place) => ({
    name: preview.kind === "table" ? (preview.columns[place] ?? "") : "",
    text: spellCell(cell),
  }));
  return cells.length > 0 ? { kind: "cells", cells } : { kind: "id" };
}

/** The cells in one line of words. */
export function spellCells(cells: readonly PreviewCell[]): string {
  return cells.map(({ name, text }) => (name ? `${name} ${text}` : text)).join(", ");
}

function spellCell(cell: Json): string {
  if (cell === null) return "–";
  if (Array.isArray(cell)) return cell.map(spellCell).join(" ");
  return typeof cell === "number" && !Number.isInteger(cell) ? significant(cell) : spellValue(cell);
}

/** What the study's instances are. */
export function noun({ preview }: DatasetRecord): "image" | "instance" {
  return preview?.kind === "image" ? "image" : "instance";
}

/** "image 3", or "instance patient-17" where instances are no pictures that one could count. */
export function nameInstance(dataset: DatasetRecord, chunks: ReadonlyMap<number, InstancesChunk>, index: number): string {
  const what = noun(dataset);
  if (what === "image") return `image ${index}`;
  const chunk = chunks.get(Math.floor(index / dataset.chunk_size));
  return `instance ${chunk?.ids[index - chunk.first] ?? index}`;
}
