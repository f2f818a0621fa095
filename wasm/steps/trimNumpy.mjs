// What of numpy the page does without. `import numpy` loads none of this: numpy reaches it through lazy attributes
// (numpy.random, numpy.fft, …), which then raise ModuleNotFoundError. Kept: the array core, ufuncs, lib, linalg, matrixlib,
// strings, numpy.typing (annotations import it).

/** @type {import("./trim.mjs").Trim[]} */
export const NUMPY_TRIMS = [
  {
    why: "lazy sub-packages with their own compiled code; cc_core draws its samples by hash, so that Python and numpy versions agree",
    drop: ["numpy/random/*", "numpy/fft/*", "numpy/polynomial/*"],
  },
  // Masked arrays themselves stay: np.median asks numpy.ma whether its argument is one.
  { why: "tests and record arrays of masked arrays", drop: ["numpy/ma/testutils.py", "numpy/ma/mrecords.py"] },
  { why: "Fortran and C bindings: nothing can be compiled in a page", drop: ["numpy/f2py/*", "numpy/ctypeslib/*", "numpy/_pyinstaller/*"] },
  { why: "headers and static libraries for building extensions", drop: ["numpy/_core/include/*", "numpy/_core/lib/*", "numpy/_configtool.py"] },
  { why: "numpy's own tests and helpers", drop: ["numpy/testing/*", "numpy/conftest.py", "numpy/doc/*", "numpy/typing/mypy_plugin.py"] },
  { why: "LAPACK for Python callers; _umath_linalg has its own copy inside", drop: ["numpy/linalg/lapack_lite*"] },
  { why: "the old name of numpy._core, kept by numpy for pickles and for code before 2.0", drop: ["numpy/core/*"] },
  {
    why: "types for type checkers; a substitute for the package names the few that annotations use",
    drop: [
      "numpy/_typing/_a*", "numpy/_typing/_char_codes.py", "numpy/_typing/_dtype_like.py", "numpy/_typing/_extended_precision.py",
      "numpy/_typing/_n*", "numpy/_typing/_s*", "numpy/_typing/_ufunc.py",
    ],
  },
  {
    why: "lazy conveniences: Matlab-like names, structured-array tools, version parsing for f2py",
    drop: ["numpy/matlib.py", "numpy/lib/recfunctions.py", "numpy/lib/user_array.py", "numpy/lib/_user_array_impl.py", "numpy/_utils/_pep440.py"],
  },
];
