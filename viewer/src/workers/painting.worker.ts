// Paints the maps of large studies.
import { Brushwork, fitted, type Ink, type Picture } from "../map/paint.ts";
import type { PaintingAnswer, PaintingOrder } from "../map/paintingContract.ts";

interface Stand {
  readonly canvas: OffscreenCanvas;
  /** Asked for once: Firefox refuses a second time. */
  readonly context: OffscreenCanvasRenderingContext2D;
  readonly brushwork: Brushwork;
  ink: Ink | null;
}

const stands = new Map<number, Stand>();

self.onmessage = ({ data }: MessageEvent<PaintingOrder>) => {
  if ("canvas" in data) stands.set(data.easel, standOf(data.canvas));
  else if ("ink" in data) stands.get(data.easel)!.ink = data.ink;
  else if ("picture" in data) paint(stands.get(data.easel)!, data.picture, data.easel);
  else stands.delete(data.easel);
};

function standOf(canvas: OffscreenCanvas): Stand {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This canvas cannot be painted on.");
  return { canvas, context, brushwork: new Brushwork(), ink: null };
}

function paint({ canvas, context, brushwork, ink }: Stand, picture: Picture, easel: number): void {
  if (!ink) throw new Error("A picture came before its colours.");
  fitted(canvas, picture);
  brushwork.paint(context, picture, ink);
  self.postMessage({ easel } satisfies PaintingAnswer);
}
