// What is selected after the reader chose models: what filters hide is not newly selected, but stays selected where it was.

/**
 * The selection that a choice gives: the models chosen, or with `add` those besides what is selected.
 * A choice of nothing empties it; a choice of nothing but hidden models leaves it as it is.
 */
export function selecting(ids: readonly string[], selected: readonly string[], passing: ReadonlySet<string>, add = false): readonly string[] {
  const before = new Set(selected);
  const chosen = ids.filter((id) => passing.has(id) || before.has(id));
  if (add) return [...new Set([...selected, ...chosen])];
  return chosen.length === 0 && ids.length > 0 ? selected : chosen;
}
