// A list that acts on the entry chosen. Some browsers choose with every press of an arrow key on the closed list, so that a keyboard could
// never get past its first entry: here a key opens the list, and Enter chooses.

/** Whether a key would choose on a closed list: arrows and the like, and the signs of an entry's name. */
export function choosesClosed({ key, altKey, ctrlKey, metaKey }: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">): boolean {
  if (altKey || ctrlKey || metaKey) return false;
  return ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "PageDown", "PageUp"].includes(key) || (key.length === 1 && key !== " ");
}

export function opensFirst(list: HTMLSelectElement): () => void {
  const press = (event: KeyboardEvent): void => {
    if (!choosesClosed(event) || list.matches(":open")) return;
    event.preventDefault();
    list.showPicker();
  };
  // Browsers that cannot open a list for a script, or do not say whether it is open, keep their own keys.
  if (!("showPicker" in list) || !CSS.supports("selector(:open)")) return () => {};
  list.addEventListener("keydown", press);
  return () => list.removeEventListener("keydown", press);
}
