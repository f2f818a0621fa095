// What a view needs to tell a reader about something that went wrong: plain text in four parts, never HTML.

export interface Failure {
  /** What happened, as a sentence. */
  readonly what: string;
  /** The file, chunk, model or call concerned. */
  readonly where: string;
  /** Why it happened, as far as it is known. */
  readonly why: string;
  /** What the reader can do about it. */
  readonly tryThis: string;
}

/** An error that can be shown as it is. */
export abstract class FailureError extends Error implements Failure {
  readonly what: string;
  readonly where: string;
  readonly why: string;
  readonly tryThis: string;

  constructor({ what, where, why, tryThis }: Failure, options?: ErrorOptions) {
    super(`${what} (${where}) ${why} ${tryThis}`.trim(), options);
    this.what = what;
    this.where = where;
    this.why = why;
    this.tryThis = tryThis;
  }
}

/** Any thrown value as a plain record, so that a view has one case to draw and state stays JSON. */
export function asFailure(error: unknown, where: string): Failure {
  if (error instanceof FailureError) return { what: error.what, where: error.where, why: error.why, tryThis: error.tryThis };
  const why = error instanceof Error ? error.message : String(error);
  return { what: "Something went wrong.", where, why, tryThis: "Reload the page; if it happens again, report it with this text." };
}
