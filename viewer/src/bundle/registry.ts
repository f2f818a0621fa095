// Chunks arrive as classic scripts, because a file:// page may load scripts from its folder and nothing else: no fetch, no
// modules, no workers by URL. A chunk file is exactly
//
//     cc.chunk("<id>",function(){/*<payload>*/});
//
// The function is never called. Its source text is read back with Function.prototype.toString, so the payload costs the parser
// no more than a comment, and the file's whole text can be put together again and checked against its SHA-256.
import { BundleError } from "./bundleError.ts";

export interface ChunkText {
  /** What stands in the comment: JSON or base64. */
  readonly payload: string;
  /** The text of the file, up to its last byte. */
  readonly file: string;
}

/** Loads and runs a script by its URL, relative to the page; rejects when there is none. */
export type LoadScript = (url: string) => Promise<void>;

export class ChunkRegistry {
  readonly #loadScript: LoadScript;
  readonly #arrived = new Map<string, ChunkText>();
  readonly #underway = new Map<string, Promise<ChunkText>>();

  constructor(loadScript: LoadScript) {
    this.#loadScript = loadScript;
  }

  /** What chunk files call, as `cc.chunk`. */
  readonly chunk = (id: string, carrier: () => void): void => {
    const source = Function.prototype.toString.call(carrier);
    this.#arrived.set(id, {
      payload: source.slice(source.indexOf("/*") + 2, source.lastIndexOf("*/")),
      file: `cc.chunk(${JSON.stringify(id)},${source});\n`,
    });
  };

  /**
   * The chunk's text, from a script of index.html that already ran or else from a new one. Asking again while it loads gives
   * the same promise; afterwards the text is forgotten, because a model's chunks together may be hundreds of megabytes.
   */
  take(id: string): Promise<ChunkText> {
    const underway = this.#underway.get(id);
    if (underway) return underway;
    const promise = this.#load(id).finally(() => this.#underway.delete(id));
    this.#underway.set(id, promise);
    return promise;
  }

  async #load(id: string): Promise<ChunkText> {
    if (!this.#arrived.has(id)) await this.#run(id);
    const text = this.#arrived.get(id);
    // A file that was cut off is a syntax error: its script counts as loaded, but nothing of it ran.
    if (!text) throw new BundleError("truncated", `${id}.js`);
    this.#arrived.delete(id);
    return text;
  }

  async #run(id: string): Promise<void> {
    try {
      await this.#loadScript(chunkUrl(id));
    } catch (cause) {
      throw new BundleError("missing", `${id}.js`, "", { cause });
    }
  }
}

/** Relative URL of a chunk's file. Ids contain study and model names, so "#", "%" and "?" must not act as URL syntax. */
export function chunkUrl(id: string): string {
  return `${id.split("/").map(encodeURIComponent).join("/")}.js`;
}
