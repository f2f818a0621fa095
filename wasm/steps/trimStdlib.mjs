// What of Python's standard library the page does without. The rest boots Pyodide, imports numpy and serves cc_core;
// test/runtime.test.mjs imports what ordinary numeric code imports and fails when this list goes too far.

/** @type {import("./trim.mjs").Trim[]} */
export const STDLIB_TRIMS = [
  {
    why: "WebAssembly has one process and one thread: nothing here can start",
    drop: ["multiprocessing/*", "concurrent/futures/process.py", "concurrent/futures/interpreter.py", "concurrent/interpreters/*"],
  },
  {
    why: "the page makes no request, by its content security policy",
    drop: [
      "ftplib.py", "imaplib.py", "poplib.py", "smtplib.py", "mailbox.py", "netrc.py", "nturl2path.py", "socketserver.py",
      "http/client.py", "http/cookiejar.py", "http/cookies.py", "http/server.py", "urllib/request.py", "urllib/robotparser.py",
      "urllib/response.py", "wsgiref/*", "xmlrpc/*", "webbrowser.py", "mimetypes.py", "pyodide/http/*",
    ],
  },
  { why: "encryption of those requests; asyncio, which alone imports it at start, does without", drop: ["ssl.py", "_ssl.py"] },
  {
    why: "Pyodide's sockets for Node",
    drop: ["pyodide/_nodesock_transport.py"],
  },
  {
    why: "debuggers, profilers and test runners: a page has no prompt to run them from",
    drop: [
      "bdb.py", "pdb.py", "cProfile.py", "profile.py", "pstats.py", "trace.py", "doctest.py", "unittest/*", "pydoc.py",
      "pyclbr.py", "tabnanny.py", "symtable.py", "pickletools.py", "modulefinder.py", "asyncio/tools.py", "asyncio/__main__.py",
    ],
  },
  {
    why: "terminals and command lines",
    drop: [
      "_pyrepl/*", "cmd.py", "code.py", "pyodide/console.py", "getpass.py", "pty.py", "tty.py", "rlcompleter.py", "argparse.py",
      "optparse.py", "getopt.py", "gettext.py", "fileinput.py", "shlex.py", "json/tool.py", "json/__main__.py",
      "sysconfig/__main__.py", "zipfile/__main__.py",
    ],
  },
  {
    why: "building and installing Python packages",
    drop: ["compileall.py", "py_compile.py", "zipapp.py", "_sysconfigdata__emscripten_wasm32-emscripten.py", "site-packages/*"],
  },
  {
    why: "other operating systems",
    drop: [
      "asyncio/proactor_events.py", "asyncio/windows_events.py", "asyncio/windows_utils.py", "encodings/mbcs.py", "encodings/oem.py",
      "encodings/_win_cp_codecs.py",
    ],
  },
  {
    why: "foreign functions: there is no other library to call, and numpy does without (numpy._core._internal)",
    drop: ["ctypes/*"],
  },
  {
    why: "file formats and databases no study uses in the page",
    drop: [
      "xml/*", "html/parser.py", "html/entities.py", "html/__init__.py", "_markupbase.py", "plistlib.py", "wave.py", "tomllib/*",
      "configparser.py", "sqlite3/*", "shelve.py", "tarfile.py", "zoneinfo/*", "logging/config.py", "logging/handlers.py", "colorsys.py",
    ],
  },
  {
    why: "Python twins of modules that are compiled or frozen in",
    drop: ["_pyio.py", "_pydatetime.py", "_py_abc.py", "importlib/_bootstrap.py", "importlib/_bootstrap_external.py", "zipimport.py"],
  },
  {
    why: "jokes and samples",
    drop: ["this.py", "antigravity.py", "__hello__.py", "__phello__/*"],
  },
  {
    why: "character sets of files from before Unicode; kept are ASCII, Latin-1, UTF-*, cp1252 and the cp437 of zip file names",
    drop: [
      "encodings/big5*", "encodings/cp037.py", "encodings/cp1006.py", "encodings/cp1026.py", "encodings/cp11*", "encodings/cp1250.py",
      "encodings/cp1251.py", "encodings/cp1253.py", "encodings/cp1254.py", "encodings/cp1255.py", "encodings/cp1256.py",
      "encodings/cp1257.py", "encodings/cp1258.py", "encodings/cp2*", "encodings/cp424.py", "encodings/cp5*", "encodings/cp7*",
      "encodings/cp8*", "encodings/cp9*", "encodings/euc_*", "encodings/gb*", "encodings/hp_roman8.py", "encodings/hz.py",
      "encodings/iso2022*", "encodings/iso8859_10.py", "encodings/iso8859_11.py", "encodings/iso8859_13.py", "encodings/iso8859_14.py",
      "encodings/iso8859_15.py", "encodings/iso8859_16.py", "encodings/iso8859_2.py", "encodings/iso8859_3.py", "encodings/iso8859_4.py",
      "encodings/iso8859_5.py", "encodings/iso8859_6.py", "encodings/iso8859_7.py", "encodings/iso8859_8.py", "encodings/iso8859_9.py",
      "encodings/johab.py", "encodings/koi8_*", "encodings/kz1048.py", "encodings/mac_*", "encodings/palmos.py", "encodings/ptcp154.py",
      "encodings/shift_jis*", "encodings/tis_620.py", "encodings/quopri_codec.py", "encodings/uu_codec.py", "encodings/undefined.py",
      "encodings/rot_13.py",
    ],
  },
];
