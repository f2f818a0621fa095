// Who paints the map of a large study: the page itself, until a worker takes over where the browser lets workers paint. The page's
// own thread is then free for what the reader does next.

import workerText from "virtual:worker-text/painting.worker.ts";
import type { WorkerPort } from "../engine/connection.ts";
import { spawnWorker } from "../engine/spawn.ts";
import { Easel } from "./easel.ts";
import { Brushwork, fitted, type Ink, type Picture } from "./paint.ts";
import type { PaintingAnswer, PaintingOrder } from "./paintingContract.ts";

export interface Painter {
  show(picture: Picture, ink: Ink): void;
  close(): void;
}

interface Wishes {
  /** A picture is painted. */
  readonly onpainted: () => void;
  /** The worker cannot paint. Its canvases are lost: others must be painted by the page. */
  readonly onfailed: () => void;
}

/** One worker for all maps of the page, and who waits for what it paints. */
interface Crew {
  readonly port: WorkerPort;
  readonly easels: Map<number, Wishes & { readonly easel: Easel }>;
}

/** Null once a worker has failed, or where the browser does not let them paint. */
let crew: Crew | null | undefined;
let lastNumber = 0;

/** Whether a worker may be tried. */
export function workersPaint(): boolean {
  return crew !== null && typeof OffscreenCanvas === "function" && "transferControlToOffscreen" in HTMLCanvasElement.prototype;
}

/** Paints on a canvas of the page, at once. */
export function pagePainter(canvas: HTMLCanvasElement): Painter {
  const brushwork = new Brushwork();
  return {
    show(picture, ink) {
      const context = canvas.getContext("2d");
      if (!context) return;
      fitted(canvas, picture);
      brushwork.paint(context, picture, ink);
    },
    close() {},
  };
}

/** Has a canvas, which nobody has drawn on, painted by a worker. */
export function workerPainter(canvas: HTMLCanvasElement, wishes: Wishes): Painter {
  crew ??= gathered();
  const { port, easels } = crew;
  const number = ++lastNumber;
  const post = (order: PaintingOrder, transfer: Transferable[] = []): void => port.postMessage(order, transfer);
  const easel = new Easel(number, post);
  const offscreen = canvas.transferControlToOffscreen();
  easels.set(number, { ...wishes, easel });
  post({ easel: number, canvas: offscreen }, [offscreen]);
  return {
    show: (picture, ink) => easel.show(picture, ink),
    close() {
      easels.delete(number);
      post({ easel: number, closed: true });
    },
  };
}

function gathered(): Crew {
  const port = spawnWorker("painting", [workerText]);
  const easels: Crew["easels"] = new Map();
  port.onmessage = ({ data }: MessageEvent<PaintingAnswer>) => {
    const waiting = easels.get(data.easel);
    waiting?.onpainted();
    waiting?.easel.painted();
  };
  port.onerror = (event) => {
    // The page paints instead: the console needs no word of it.
    event.preventDefault();
    crew = null;
    port.terminate();
    for (const { onfailed } of easels.values()) onfailed();
  };
  return { port, easels };
}
