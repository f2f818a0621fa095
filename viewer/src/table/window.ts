// Which rows of a long table are drawn: those in view and some around them. Short tables are drawn whole.

export interface RowWindow {
  readonly first: number;
  /** One after the last. */
  readonly end: number;
}

/** Tables up to this long are drawn whole, so that the browser's own search finds every row. */
const WHOLE = 150;
/** Rows drawn beyond each end of the view: a step of the wheel finds them drawn. */
const BESIDE = 8;
/** Rows drawn where it is not known which are in view. */
const FEW = 24;

/**
 * @param height of one row, `scrolled` and `view` of the part in view, all in pixels; a height of 0 is not known yet
 */
export function rowWindow(count: number, height: number, scrolled: number, view: number): RowWindow {
  if (height <= 0) return { first: 0, end: Math.min(count, FEW) };
  if (count <= WHOLE) return { first: 0, end: count };
  // Even numbers: a pixel of scrolling does not change what is drawn.
  const first = Math.max(0, 2 * Math.floor((scrolled / height - BESIDE) / 2));
  const end = Math.min(count, 2 * Math.ceil(((scrolled + view) / height + BESIDE) / 2));
  return first < end ? { first, end } : { first: Math.max(0, count - FEW), end: count };
}

/** A row that is drawn, and how many above it are not. */
export interface DrawnRow {
  readonly row: number;
  readonly gap: number;
}

/** @param held the row with the focus, which is drawn wherever it is, so that the focus stays; negative where none has it */
export function drawnRows({ first, end }: RowWindow, held: number): readonly DrawnRow[] {
  const rows = Array.from({ length: end - first }, (_, place) => first + place);
  const all = held < 0 || (held >= first && held < end) ? rows : held < first ? [held, ...rows] : [...rows, held];
  return all.map((row, place) => ({ row, gap: row - (all[place - 1] ?? -1) - 1 }));
}

/** The row a key leads to, or null for a key that leads nowhere. */
export function rowAfter(key: string, row: number, count: number, page: number): number | null {
  const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -count, End: count };
  const step = steps[key];
  return step === undefined ? null : Math.max(0, Math.min(count - 1, row + step));
}
