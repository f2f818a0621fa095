// The view's parts as signals of their own: a change of one redraws, and even considers, only what reads it.

import type { Filter } from "../filter/filters.ts";
import type { Arrangement } from "../map/layout.ts";
import type { Refined, SidePanel, View } from "./view.ts";

export class Parts {
  selection: readonly string[] = $state.raw([]);
  base: string | null = $state(null);
  colour: string | null = $state(null);
  size: string | null = $state(null);
  arrangement: Arrangement = $state("operation");
  enlarged: boolean = $state(false);
  collapsed: readonly string[] = $state.raw([]);
  filters: readonly Filter[] = $state.raw([]);
  panel: SidePanel = $state("table");
  plotX: string | null = $state(null);
  plotY: string | null = $state(null);
  logX: boolean = $state(false);
  logY: boolean = $state(false);
  sort: string | null = $state(null);
  descending: boolean = $state(false);
  refined: Refined = $state.raw({});
  charted: readonly string[] | null = $state.raw(null);

  /** Setting a part to what it is changes nothing. */
  show(view: View): void {
    this.selection = view.selection;
    this.base = view.base;
    this.colour = view.colour;
    this.size = view.size;
    this.arrangement = view.arrangement;
    this.enlarged = view.enlarged;
    this.collapsed = view.collapsed;
    this.filters = view.filters;
    this.panel = view.panel;
    this.plotX = view.plotX;
    this.plotY = view.plotY;
    this.logX = view.logX;
    this.logY = view.logY;
    this.sort = view.sort;
    this.descending = view.descending;
    this.refined = view.refined;
    this.charted = view.charted;
  }
}
