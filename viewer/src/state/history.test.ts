import { describe, expect, it } from "vitest";
import { NO_HISTORY, record, redo, undo, withoutReturn, type History } from "./history.ts";

/** Shows the numbers one after the other, those of one gesture together. */
function shown(...steps: readonly (number | readonly number[])[]): { view: number; history: History<number> } {
  let view = 0;
  let history: History<number> = NO_HISTORY;
  for (const step of steps) {
    const gesture = typeof step === "number" ? null : {};
    for (const next of [step].flat()) {
      history = withoutReturn(record(history, view, gesture), next as number, Object.is);
      view = next as number;
    }
  }
  return { view, history };
}

describe("undo and redo", () => {
  it("go back through what was shown and forward again", () => {
    const start = shown(1, 2);
    const back = undo(start.history, start.view)!;
    expect(back.view).toBe(1);
    const further = undo(back.history, back.view)!;
    expect(further.view).toBe(0);
    expect(undo(further.history, further.view)).toBeNull();
    const forward = redo(further.history, further.view)!;
    expect(forward.view).toBe(1);
    const end = redo(forward.history, forward.view)!;
    expect(end.view).toBe(2);
    expect(redo(end.history, end.view)).toBeNull();
  });

  it("take all changes of one gesture as one step, and two gestures as two", () => {
    const { view, history } = shown([1, 2, 3], [4, 5]);
    const back = undo(history, view)!;
    expect(back.view).toBe(3);
    expect(undo(back.history, back.view)!.view).toBe(0);
  });

  it("have no step for a gesture that came back, and one for a gesture that went on from there", () => {
    expect(shown(1, [2, 3, 1]).history.past).toEqual([0]);
    expect(shown(1, [2, 1, 3, 4]).history.past).toEqual([0, 1]);
    expect(shown(1, 2, 1).history.past).toEqual([0, 1, 2]);
  });

  it("forget what was undone once something else is done", () => {
    const { view, history } = shown(1, 2);
    const back = undo(history, view)!;
    expect(redo(record(back.history, back.view), 7)).toBeNull();
  });

  it("end after as many steps as anyone would count", () => {
    let { view, history } = shown(...Array.from({ length: 500 }, (_, index) => index + 1));
    let steps = 0;
    for (let back = undo(history, view); back; back = undo(history, view)) {
      ({ view, history } = back);
      steps += 1;
    }
    expect([steps, view]).toEqual([200, 300]);
  });
});
