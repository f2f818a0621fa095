// A number in the page is the number in the bundle: every question that cc_core answers, put to the shipped runtime and to this
// machine's Python, gives the same answer. The questions are in parity_cases.py.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startShippedPython } from "./shipped.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON = process.env.CC_PYTHON || here("../../.venv/bin/python");

/**
 * How far two floats may be apart, relative to the larger. Sums, products and roots are the same IEEE operations in the same order
 * everywhere; exp() and log10() are not: each C library rounds their last bit in its own way.
 */
const TOLERANCE = 1e-12;

/** Strings, numbers, and everything between them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[^"\d-]+/gs;
/** A number that Python wrote as a float; whole numbers have neither point nor exponent. */
const FLOAT = /^-?\d.*[.e]/;

describe("the shipped cc_core answers as the native one", () => {
  const cases = nativeAnswers();
  let ask, questions;
  before(async () => {
    const python = await startShippedPython();
    python.runPython(readFileSync(here("../../viewer/src/workers/bridge.py"), "utf8"));
    questions = python.runPython("list(api.HANDLERS)").toJs();
    const call = python.globals.get("call");
    ask = ({ question, request, buffers }) => {
      const bytes = python.toPy(buffers.map((buffer) => new Uint8Array(Buffer.from(buffer, "base64"))));
      const [answer, arrays, error] = call(question, request, bytes).toJs();
      bytes.destroy();
      return error ? { error: error.slice(0, 2) } : { answer, arrays };
    };
  });

  test("every question of cc_core has a hundred answers to compare, or more", () => {
    for (const question of questions) {
      const answered = cases.filter((known) => known.question === question && known.answer !== undefined);
      assert.ok(answered.length >= 100, `${question}: ${answered.length} answers; add cases to parity_cases.py`);
    }
  });

  for (const group of new Set(cases.map(({ group }) => group))) {
    const asked = cases.filter((known) => known.group === group);
    test(`${group}: ${asked.length} questions`, (context) => {
      let identical = 0;
      for (const known of asked) {
        const got = ask(known);
        const where = `python parity_cases.py ${group} ${known.number}`;
        assert.deepEqual(got.error, known.error, where);
        if (got.answer === known.answer) identical += 1;
        else assertSame(got.answer, known.answer, where);
        if (known.arrays) assertSameArrays(got.arrays, known.arrays, where);
      }
      context.diagnostic(`${identical} of ${asked.length} answers equal to the last digit`);
    });
  }
});

function nativeAnswers() {
  const lines = execFileSync(PYTHON, [here("parity_cases.py")], { encoding: "utf8", maxBuffer: 1 << 28 });
  return lines.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Two JSON texts, token by token: all the same but for the last digits of floats. */
function assertSame(actual, expected, where) {
  const [got, wanted] = [actual.match(TOKENS), expected.match(TOKENS)];
  for (const [place, token] of wanted.entries()) {
    const other = got[place];
    const near = wanted[place - 2] === '"sqnr_db"' ? isCloseInDecibels : isClose;
    if (other === token || (FLOAT.test(token) && FLOAT.test(other ?? "") && near(Number(other), Number(token)))) continue;
    assert.fail(`${where}: ${other} instead of ${token} after ${wanted.slice(Math.max(0, place - 6), place).join("")}`);
  }
  assert.equal(got.length, wanted.length, where);
}

const VIEWS = { float32: Float32Array, uint16: Uint16Array };

/** Arrays of an answer, number by number: whole ones the same, float32 to the last digits. */
function assertSameArrays(actual, expected, where) {
  assert.equal(actual.length, expected.length, where);
  for (const [place, [dtype, text]] of expected.entries()) {
    const [got, wanted] = [actual[place], Buffer.from(text, "base64")].map((bytes) => new VIEWS[dtype](new Uint8Array(bytes).buffer));
    assert.equal(got.length, wanted.length, where);
    for (const [at, value] of wanted.entries()) {
      const near = dtype === "float32" && Math.abs(got[at] - value) <= 1e-6 * Math.max(Math.abs(value), 1e-3);
      assert.ok(Object.is(got[at], value) || near, `${where}: ${got[at]} instead of ${value} at ${at} of array ${place}`);
    }
  }
}

function isClose(a, b) {
  // Zeros of different sign are different answers.
  return a !== 0 && b !== 0 && Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}

/** A quotient near one has a logarithm near zero, of which the last digits of the quotient are more. */
function isCloseInDecibels(a, b) {
  return isClose(a, b) || Math.abs(a - b) <= 10 * TOLERANCE;
}
