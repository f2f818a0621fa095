/** Where names of models turn to a second line. */

/** Signs that one line has room for. */
export const SHORT = 32;
const MARK = /[-_./ :+]/;

/** Where the second line of a long name begins: after the mark nearest to its middle, or right there; 0: it has none. */
export function secondLine(signs: readonly string[]): number {
  if (signs.length <= SHORT) return 0;
  const half = Math.ceil(signs.length / 2);
  for (let away = 0; away <= half / 2; away++) {
    if (MARK.test(signs[half - away - 1] ?? "")) return half - away;
    if (MARK.test(signs[half + away - 1] ?? "")) return half + away;
  }
  return half;
}
