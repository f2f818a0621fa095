// Numbers of activation summaries.

import { format } from "d3-format";

const threeDigits = format(".3~g");
const perCent = format(".1~%");

export function significant(value: number): string {
  return Number.isFinite(value) ? threeDigits(value) : String(value);
}

export function share(value: number): string {
  return Number.isFinite(value) ? perCent(value) : String(value);
}

export function decibels(value: number): string {
  return `${value.toFixed(1)} dB`;
}
