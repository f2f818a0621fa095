// Where the focus goes when what had it is taken away by being pressed: to what stands beside it, not to the top of the page.

import { tick } from "svelte";

/** A control as it was before the press. */
export interface Control {
  /** Controls of one kind, such as all that take a model out, share it; empty for a control that is alone. */
  readonly kind: string;
  /** Whether it can still take the focus. */
  readonly there: boolean;
}

/**
 * The place of the control that takes over: the next of the same kind, the one before it of that kind, then the next and the one before
 * of any kind.
 * @returns null when none is left
 */
export function heirOf(controls: readonly Control[], pressed: number): number | null {
  const kind = controls[pressed]?.kind ?? "";
  const after = controls.map((_, place) => place).slice(pressed + 1);
  const before = controls.map((_, place) => place).slice(0, Math.max(0, pressed)).reverse();
  const there = (place: number): boolean => controls[place]?.there ?? false;
  const alike = (place: number): boolean => kind !== "" && controls[place]?.kind === kind && there(place);
  return after.find(alike) ?? before.find(alike) ?? after.find(there) ?? before.find(there) ?? null;
}

const CONTROLS = "button, select, input, [tabindex='0']";

/** For a part of the page whose buttons take themselves away: keeps the focus in it, on its first control where all others went. */
export function keepsFocus(part: HTMLElement): () => void {
  const controls = (): HTMLElement[] => [...part.querySelectorAll<HTMLElement>(CONTROLS)];
  const press = ({ target }: Event): void => {
    const pressed = (target as Element).closest<HTMLElement>(CONTROLS);
    if (pressed === null || document.activeElement !== pressed) return;
    const before = controls();
    // Once what the press changes is drawn.
    setTimeout(async () => {
      await tick();
      const focused = document.activeElement;
      if (focused !== null && focused !== document.body && !focused.matches(":disabled")) return;
      const known = before.map((control) => ({ kind: control.title, there: control.isConnected && !control.matches(":disabled") }));
      const heir = heirOf(known, before.indexOf(pressed));
      const next = heir === null ? controls().find((control) => !control.matches(":disabled")) : before[heir];
      next?.focus();
    });
  };
  part.addEventListener("click", press, true);
  return () => part.removeEventListener("click", press, true);
}
