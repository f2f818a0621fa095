// What names that stand together have in common at the beginning: left out, what tells them apart finds room.

/** A shorter beginning is not worth a sign that something is missing. */
const LEAST = 8;

/**
 * How many signs all these names begin with, up to where a word or a number begins; 0 where that is little, or where one of the
 * names would vanish.
 */
export function sharedStart(names: readonly string[]): number {
  const [first, ...others] = names.map((name) => [...name]);
  if (!first || others.length === 0) return 0;
  let shared = 0;
  while (shared < first.length && others.every((other) => other[shared] === first[shared])) shared += 1;
  while (shared > 0 && !begins(first, shared)) shared -= 1;
  const whole = [first, ...others].some(({ length }) => length <= shared);
  return shared < LEAST || whole ? 0 : shared;
}

/** Whether a word or a number may begin at a place: after a separator that is no decimal point, or where letters turn into digits. */
function begins(signs: readonly string[], place: number): boolean {
  const [before, after] = [signs[place - 1]!, signs[place] ?? ""];
  if (/\d/.test(after)) return /[-_ /:\p{L}]/u.test(before);
  return /[-_ ./:]/.test(before);
}
