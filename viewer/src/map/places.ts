// What a layout of the Model Map is: where models stand, and the links and columns between them.

export interface Column {
  /** "train", and "train (2)" for a further column of the same operation. */
  readonly label: string;
}

export interface Place {
  readonly id: string;
  /** A whole number, except on the time axis. */
  readonly column: number;
  /** Models of one column are at least one row apart. */
  readonly row: number;
}

export interface Link {
  readonly parent: string;
  readonly child: string;
  /** 0 for the first parent: the link that the forest is made of. */
  readonly order: number;
  /** The column at which the link has come to its child's row. */
  readonly turn: number;
}

/** Columns from `first` on are a time axis from one moment to another, in milliseconds since 1970. */
export interface TimeAxis {
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly columns: readonly Column[];
  /** How many columns wide it is, the time axis included. */
  readonly span: number;
  readonly rows: number;
  readonly places: ReadonlyMap<string, Place>;
  readonly links: readonly Link[];
  readonly time: TimeAxis | null;
}
