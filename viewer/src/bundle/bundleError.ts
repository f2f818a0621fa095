// Everything that can be wrong with a file of the site, each told from the others because the remedy differs.
import { FailureError } from "../failure.ts";

export type BundleFault = "missing" | "truncated" | "wrong-size" | "altered" | "unlisted" | "unreadable";

const COPY_AGAIN = "Copy or download the whole site folder again.";

const TEXTS: Record<BundleFault, { what: string; why: string; tryThis: string }> = {
  missing: {
    what: "A file of this site could not be loaded.",
    why: "The browser found no readable file of that name in the site's folder.",
    tryThis: `${COPY_AGAIN} If the site came as a zip file, unpack it first: a preview shows index.html without its neighbours.`,
  },
  truncated: {
    what: "A file of this site is incomplete.",
    why: "It loads but does not end as it should: it was probably cut off while it was copied or downloaded.",
    tryThis: COPY_AGAIN,
  },
  "wrong-size": {
    what: "A file of this site has the wrong size.",
    why: "It is not the file that was exported.",
    tryThis: `${COPY_AGAIN} If files of two exports were mixed, export again into an empty folder.`,
  },
  altered: {
    what: "A file of this site was changed after the export.",
    why: "Its SHA-256 is not the one in data/manifest.js.",
    tryThis: `${COPY_AGAIN} If files of two exports were mixed, export again into an empty folder.`,
  },
  unlisted: {
    what: "This site has no such part.",
    why: "data/manifest.js does not list it.",
    tryThis: "Export again with the option that includes it, and copy the whole folder.",
  },
  unreadable: {
    what: "A file of this site could not be read.",
    why: "Its content is not in the expected form.",
    tryThis: "Export again with a version of cc-export that matches this viewer.",
  },
};

export class BundleError extends FailureError {
  override readonly name = "BundleError";

  /** @param where path of the file, or id of the asset @param detail what exactly was found, appended to the reason */
  constructor(
    readonly fault: BundleFault,
    where: string,
    detail = "",
    options?: ErrorOptions,
  ) {
    const { what, why, tryThis } = TEXTS[fault];
    super({ what, where, why: detail ? `${why} ${detail}` : why, tryThis }, options);
  }
}
