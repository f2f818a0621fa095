// What is marked on each model, one set of signals a model: pointing at one of a thousand redraws two of them, and not a thousand.

/** Views read these through AppState. */
class Mark {
  /** Under the pointer or the keyboard's focus. */
  hovered: boolean = $state(false);
  /** Its place in the selection, or −1. */
  place: number = $state(-1);
  /** Left by the filters. */
  passes: boolean = $state(true);
}

export class Marks {
  readonly #marks: ReadonlyMap<string, Mark>;
  /** Of an id that the study does not have; never changes. */
  readonly #none = new Mark();
  #hovered: string | null = null;
  #selected: readonly string[] = [];

  constructor(ids: readonly string[]) {
    this.#marks = new Map(ids.map((id) => [id, new Mark()]));
  }

  of(id: string): Mark {
    return this.#marks.get(id) ?? this.#none;
  }

  hover(id: string | null): void {
    if (id === this.#hovered) return;
    for (const [other, on] of [[this.#hovered, false], [id, true]] as const) {
      const mark = other === null ? undefined : this.#marks.get(other);
      if (mark) mark.hovered = on;
    }
    this.#hovered = id;
  }

  select(ids: readonly string[]): void {
    if (ids === this.#selected) return;
    const places = new Map(ids.map((id, place) => [id, place]));
    for (const id of new Set([...this.#selected, ...ids])) {
      const mark = this.#marks.get(id);
      if (mark) mark.place = places.get(id) ?? -1;
    }
    this.#selected = ids;
  }

  filter(passing: ReadonlySet<string>): void {
    for (const [id, mark] of this.#marks) mark.passes = passing.has(id);
  }
}
