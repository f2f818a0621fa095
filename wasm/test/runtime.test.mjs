// The trimmed runtime, as shipped, starts and does what the page and cc_core ask of it.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { runtimeJson, startShippedPython } from "./shipped.mjs";

/** Modules that numeric code may reasonably import; the trim lists must leave them, and what they import, in place. */
const MODULES = `
  abc array ast asyncio base64 binascii bisect bz2 calendar cmath codecs collections collections.abc contextlib contextvars copy copyreg
  csv dataclasses datetime decimal difflib dis enum errno fnmatch fractions functools gc glob graphlib gzip hashlib heapq hmac importlib
  importlib.metadata importlib.resources importlib.util inspect io ipaddress itertools json keyword linecache locale logging lzma marshal
  math numbers operator os os.path pathlib pickle pkgutil platform pprint queue random re reprlib secrets select shutil signal
  statistics string string.templatelib struct subprocess sys tempfile textwrap threading time timeit tokenize traceback tracemalloc types
  typing unicodedata urllib.parse uuid warnings weakref zipfile zlib
  numpy numpy.exceptions numpy.lib.format numpy.lib.stride_tricks numpy.linalg numpy.ma numpy.strings numpy.typing
  cc_core cc_core.errors`
  .trim()
  .split(/\s+/);

/** Array work of every kind that cc_core does or may come to do, each with what it must give. */
const NUMERIC = {
  "float16 from a buffer": "np.frombuffer(np.array([1.5, np.nan, -2], np.float16).tobytes(), np.float16).astype(float)[[0, 2]].tolist() == [1.5, -2.0]",
  "arithmetic and reductions": "float(np.sum(np.arange(10.0) ** 2)) == 285.0 and np.prod(np.int64([2, 3])) == 6 and np.cumsum([1, 2])[1] == 3",
  "histogram": "np.histogram(np.arange(100) / 100, bins=4, range=(0, 1))[0].tolist() == [25, 25, 25, 25]",
  "two-dimensional histogram": "np.histogram2d([0, 1, 1], [0, 1, 1], bins=2)[0].tolist() == [[1, 0], [0, 2]]",
  "bincount and digitize": "np.bincount([0, 1, 1], weights=[1, 2, 3]).tolist() == [1, 5] and np.digitize([0.5], [0, 1])[0] == 1",
  "sorting": "np.sort([3, 1, 2]).tolist() == [1, 2, 3] and np.argsort([3, 1])[0] == 1 and np.partition([3, 1, 2], 1)[1] == 2 and np.lexsort(([1, 0], [0, 0]))[0] == 1",
  "searching": "np.searchsorted([1, 2, 3], 2) == 1 and np.argmax([1, 3]) == 1 and np.flatnonzero([0, 1])[0] == 1 and np.where([True], 1, 2)[0] == 1",
  "median, quantile and percentile": "np.median([1, 3, 2]) == 2 and np.quantile([0.0, 1.0], 0.5) == 0.5 and np.nanpercentile([np.nan, 4], 50) == 4",
  "statistics": "np.isclose(np.var([1, 2, 3]), 2 / 3) and np.corrcoef([1, 2], [2, 4])[0, 1] > 0.99 and np.average([1, 3], weights=[3, 1]) == 1.5",
  "sets": "np.unique([2, 1, 2], return_counts=True)[1].tolist() == [1, 2] and np.isin([1], [1, 2])[0] and np.union1d([1], [2]).size == 2",
  "linear algebra": "np.allclose(np.linalg.svd(np.diag([3.0, 2.0]))[1], [3, 2]) and np.linalg.norm([3, 4]) == 5 and np.allclose(np.linalg.solve(np.eye(2), [1, 2]), [1, 2]) and np.linalg.matrix_rank(np.eye(3)) == 3",
  "products": "np.einsum('ij,ij->', np.eye(2), np.eye(2)) == 2 and (np.eye(2) @ np.eye(2))[0, 0] == 1 and np.tensordot([1, 2], [3, 4], 1) == 11 and np.inner([1], [2]) == 2",
  "shapes": "np.stack([np.zeros((2, 3))] * 2, axis=-1).shape == (2, 3, 2) and np.pad([1], 1).tolist() == [0, 1, 0] and np.moveaxis(np.zeros((1, 2)), 0, 1).shape == (2, 1)",
  "windows and blocks": "np.lib.stride_tricks.sliding_window_view(np.arange(4), 2).shape == (3, 2) and np.array_split(np.arange(5), 2)[1].size == 2",
  "bits": "np.packbits([1, 0, 0, 0, 0, 0, 0, 0])[0] == 128 and np.unpackbits(np.uint8([1]))[-1] == 1 and np.bitwise_count(np.uint8(7)) == 3",
  "records and strings": "np.array([(1, 'a')], dtype=[('x', 'i4'), ('y', 'U1')])['y'][0] == 'a' and np.strings.upper('a') == 'A' and np.char.add(['a'], ['b'])[0] == 'ab'",
  "printing": "str(np.float32([1.5, 2])) == '[1.5 2. ]' and repr(np.arange(2)) == 'array([0, 1])'",
  "files in memory": "(lambda f: (np.savez(f, a=np.arange(3)), f.seek(0), np.load(f)['a'][2])[2])(__import__('io').BytesIO()) == 2",
  "interpolation and gradients": "np.interp(0.5, [0, 1], [0, 2]) == 1 and np.gradient([1.0, 3.0])[0] == 2 and np.trapezoid([1, 1]) == 1 and np.polyfit([0, 1], [0, 1], 1).size == 2",
  "errors as settings": "(lambda: (np.seterr(all='ignore'), np.float64(1) / np.float64(0))[1])() == np.inf",
  "finfo and iinfo": "np.finfo(np.float16).max == 65504 and np.iinfo(np.int8).min == -128",
};

describe("the shipped runtime", () => {
  let python;
  before(async () => {
    python = await startShippedPython();
    python.runPython("import numpy as np");
  });

  test("is the Python, numpy and Pyodide that runtime.json names", () => {
    const { versions } = runtimeJson();
    const actual = python.runPython("import sys; [sys.version.split()[0], np.__version__]").toJs();
    assert.deepEqual([...actual, python.version], [versions.python, versions.numpy, versions.pyodide]);
  });

  test("holds no source files", () => {
    const found = python.runPython(`
      import pathlib, zipfile, sys
      archive, site = next(p for p in sys.path if p.endswith(".zip")), pathlib.Path(np.__file__).parent.parent
      [n for n in zipfile.ZipFile(archive).namelist() if n.endswith(".py")] + [str(p) for p in site.rglob("*.py")]
    `);
    assert.deepEqual(found.toJs(), []);
  });

  for (const name of MODULES) {
    test(`imports ${name}`, () => python.runPython(`import ${name}`));
  }

  for (const [what, expression] of Object.entries(NUMERIC)) {
    test(`numpy: ${what}`, () => assert.equal(python.runPython(`bool(${expression})`), true, expression));
  }

  test("shows a traceback with file names and line numbers", () => {
    assert.throws(() => python.runPython("np.zeros((2, 3)) @ np.zeros((2, 3))"), /ValueError: matmul/);
    assert.throws(() => python.runPython("import statistics; statistics.mean([])"), /statistics\.py", line \d+, in mean/);
  });
});
