// How often links cross: what makes a map hard to follow, counted.

export interface Curve {
  readonly from: { readonly column: number; readonly row: number };
  readonly to: { readonly column: number; readonly row: number };
  /** The column at which the curve has come to its end's row; it is level from there on. */
  readonly turn: number;
}

/**
 * Pairs of links that change sides between two neighbouring columns, added up over all such gaps. Links that meet in a model are
 * not counted there.
 */
export function crossingsOf(curves: readonly Curve[]): number {
  const gaps = new Map<number, [number, number][]>();
  for (const curve of curves) {
    for (let column = Math.floor(curve.from.column); column < curve.to.column; column += 1) {
      const heights: [number, number] = [heightAt(curve, column), heightAt(curve, column + 1)];
      const gap = gaps.get(column);
      if (gap) gap.push(heights);
      else gaps.set(column, [heights]);
    }
  }
  let count = 0;
  for (const gap of gaps.values()) count += inversions(gap);
  return count;
}

/** The row of a curve at a column within its reach. */
export function heightAt({ from, to, turn }: Curve, column: number): number {
  if (column >= turn) return to.row;
  const share = Math.max(0, (column - from.column) / (turn - from.column));
  return from.row + (to.row - from.row) * share * share * (3 - 2 * share);
}

/** Pairs in strictly opposite orders at the two sides. */
function inversions(gap: [number, number][]): number {
  gap.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const ends = gap.map(([, end]) => end);
  return mergeCount(ends);
}

/** How many pairs of a list stand in descending order, counted while merging two sorted halves. */
function mergeCount(values: number[]): number {
  if (values.length < 2) return 0;
  const middle = values.length >> 1;
  const left = values.slice(0, middle);
  const right = values.slice(middle);
  let count = mergeCount(left) + mergeCount(right);
  for (let at = 0, i = 0, j = 0; at < values.length; at += 1) {
    if (j >= right.length || (i < left.length && left[i]! <= right[j]!)) values[at] = left[i++]!;
    else {
      count += left.length - i;
      values[at] = right[j++]!;
    }
  }
  return count;
}
