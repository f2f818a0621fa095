import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addressWriter } from "./address.ts";

describe("the address", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function writer() {
    const put: string[] = [];
    return { put, address: addressWriter((hash) => put.push(hash)) };
  }

  it("is written at once after a click", () => {
    const { put, address } = writer();
    for (const hash of ["a", "b", "c"]) {
      address.write(hash);
      expect(put.at(-1)).toBe(hash);
    }
  });

  it("is written fewer than 100 times in 10 seconds however long a brush goes on, and ends with the newest", () => {
    const { put, address } = writer();
    const times: number[] = [];
    for (let index = 0; index < 2_000; index += 1) {
      address.write(String(index));
      vi.advanceTimersByTime(10);
      while (times.length < put.length) times.push(performance.now());
    }
    vi.runAllTimers();
    expect(put.at(-1)).toBe("1999");
    for (const end of times) expect(times.filter((time) => time <= end && time > end - 10_000).length).toBeLessThan(100);
    expect(put.length).toBeGreaterThan(40);
  });

  it("keeps what the reader wrote, and loses nothing when the page is left", () => {
    const { put, address } = writer();
    for (let index = 0; index < 30; index += 1) address.write(String(index));
    address.drop();
    vi.runAllTimers();
    expect(put.at(-1)).toBe("19");
    for (let index = 0; index < 30; index += 1) address.write(`later ${index}`);
    address.flush();
    expect(put.at(-1)).toBe("later 29");
  });
});
