# `make demo` and `make test` need Python ≥ 3.11, Node ≥ 20.19 and make, and set everything else up.
.DELETE_ON_ERROR:
.PHONY: demo test everything test-torch build runtime site wheel lint test-python test-runtime test-viewer test-browser browsers compiler bench clean help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := digits-site
# One version, so that what its exporters do is the same everywhere.
TORCH := torch==2.13.0
export CC_PYTHON := $(abspath $(BIN)/python)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@echo "make demo    set up, export examples/digits and print the page to open"
	@echo "make test    set up and run every test"
	@echo "make build   the viewer and the page's runtime, into cc_export/_site"
	@echo "make wheel   a wheel that needs no Node, into dist/"
	@echo "make fuzz    ten times the damaged files that the tests try"
	@echo "make bench   speed of the page in a real browser"
	@echo "make clean   remove what was built, keep downloads"

demo: site $(VENV)/.installed
	@$(BIN)/cc-export demo -o $(DEMO)

# Everything is set up first, because pip must not change what a test is running; then the parts run side by side, one for
# each processor, short ones first. What a part prints comes in one piece when it ends, where make can do that.
PARTS := lint test-viewer test-runtime test-browser test-python test-torch
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
SIDE_BY_SIDE := --no-print-directory -j$(JOBS) $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

test:
	@$(MAKE) $(SIDE_BY_SIDE) everything
	@$(MAKE) $(SIDE_BY_SIDE) $(PARTS) || { echo "not every test passed; the lines with *** say which part" >&2; exit 1; }
	@echo "every test passed"

# --- set-up ----------------------------------------------------------------------------------

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What an editable installation is made of; the sources themselves are imported where they are.
PACKAGE := pyproject.toml README.md LICENSE NOTICE hatch_build.py cc_export/compiled/weighing.c

$(VENV)/.installed: $(PACKAGE) | $(VENV)/bin/python
	$(BIN)/pip install --quiet -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed | compiler
	$(BIN)/pip install --quiet -e '.[dev]'
	@touch $@

# npm writes this file last, so it stands for a complete install.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	npm ci --prefix $* --no-fund --no-audit --loglevel=error
	@touch $@

# All that `make test` needs; Python's packages at one go, which is quicker.
everything: $(VENV)/.everything site browsers tests/browser/node_modules/.package-lock.json

$(VENV)/.everything: $(PACKAGE) | $(VENV)/bin/python compiler
	$(BIN)/pip install --quiet -e '.[dev,torch]' $(TORCH)
	@touch $(VENV)/.installed $(VENV)/.dev $(VENV)/.torch $@

# Debian's browsers and C compiler, only where none is to be had yet.
browsers:
	@tests/browser/install-browsers

compiler:
	@tests/install-compiler

# --- what the page is made of ----------------------------------------------------------------

VIEWER := $(shell find viewer/src viewer/plugins viewer/*.ts viewer/page.html -type f 2>/dev/null)

viewer/dist/viewer.js: $(VIEWER) viewer/node_modules/.package-lock.json
	cd viewer && npx --no-install vite build --logLevel warn
	@touch $@

# Cached by content: nothing changed takes a moment.
runtime: wasm/node_modules/.package-lock.json $(VENV)/bin/python
	@node wasm/build.mjs

site build: runtime viewer/dist/viewer.js
	@$(PYTHON) wasm/assemble.py viewer/dist wasm/dist cc_export/_site

wheel: site $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist .

# --- tests -----------------------------------------------------------------------------------

lint: $(VENV)/.dev viewer/node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd viewer && npm run --silent check

test-python: site $(VENV)/.dev
	$(BIN)/pytest

# torch is large, so it is installed by the tests that need it alone.
$(VENV)/.torch: $(VENV)/.dev
	$(BIN)/pip install --quiet -e '.[torch]' $(TORCH)
	@touch $@

test-torch: $(VENV)/.torch
	OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest tests/pytorch

test-runtime: site $(VENV)/.dev
	cd wasm && npm test --silent

test-viewer: viewer/node_modules/.package-lock.json
	cd viewer && npm test --silent

test-browser: site browsers tests/browser/node_modules/.package-lock.json $(VENV)/.dev
	cd tests/browser && npm test --silent

# Ten times the cases of untrusted files that the tests try.
.PHONY: fuzz
fuzz: $(VENV)/.dev
	CC_FUZZ=10 $(BIN)/pytest tests/test_fuzz.py

bench: site browsers tests/browser/node_modules/.package-lock.json $(VENV)/.installed
	node benchmarks/boot.mjs
	node benchmarks/overview.mjs

clean:
	rm -rf cc_export/_site viewer/dist wasm/dist dist build $(DEMO)

# Pictures of the documentation, to be looked at before they are committed.
# PICTURES=overview,filters takes only those whose names begin so; needs pngquant.
.PHONY: screenshots
screenshots: site browsers tests/browser/node_modules/.package-lock.json $(VENV)/.installed
	cd tests/browser && node screenshots.mjs
