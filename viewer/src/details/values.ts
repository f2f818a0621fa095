// A variable's values as readers see them, and edits of recipes in words.

import type { Edit, Variable } from "../engine/answers.gen.ts";
import { spellValue } from "../study/study.ts";

/** "yes" and "no" for whether a step is there, "–" for what is not there. */
export function spellPlace(variable: Variable, place: number): string {
  const value = variable.values[place];
  if (variable.kind === "presence") return value === true ? "yes" : "no";
  return value === null ? "–" : spellValue(value);
}

export interface EditCell {
  readonly text: string;
  /** Parameters, each with whether it differs from the other side's. */
  readonly parameters: readonly { readonly text: string; readonly differs: boolean }[];
}

/** Both sides of an edit; null where the step is not there. */
export function sidesOf({ operation, before, after }: Edit): readonly [EditCell | null, EditCell | null] {
  const side = (own: Edit["before"], other: Edit["before"]): EditCell | null =>
    own && {
      text: operation,
      parameters: Object.entries(own).map(([name, value]) => ({
        text: `${name} ${spellValue(value)}`,
        differs: other !== null && !(Object.hasOwn(other, name) && JSON.stringify(other[name]) === JSON.stringify(value)),
      })),
    };
  return [side(before, after), side(after, before)];
}
