# make install   the program into .venv         make serve   build the release and serve it
# make test      everything that CI runs        make check   check ontology, data and queries
# make fmt       canonical form of the data     make build   write release/
# make pictures  draw the pictures of the README, docs/*.svg
# make interop   load the release into other people's tools; writes docs/interoperability.md
# make soak      kill everything while it writes, 200 times; stream ten million rows
# make lock      choose the versions that are installed anew, after a change of pyproject.toml

PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONTENT := $(shell find ontology data queries -type f 2>/dev/null | sort)
PROGRAM := $(wildcard server/jiqun/*.py) $(shell find server/jiqun/knowledge server/jiqun/rdf -name '*.py')
# Three processes for two cores, up to four: while a test waits, its server works, so that each keeps
# less than one core busy (two on two cores: 72 %). Each has servers of its own, 25 s of processor
# time.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PYTEST := $(BIN)/pytest -n $(shell expr $(CORES) + $(CORES) / 2) --maxprocesses 4 --dist worksteal
# Otherwise each of the processes that the tests start compiles the program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install serve build pictures check fmt test soak interop interop-tools lint lint-code lint-types \
	lint-data lock clean
.DELETE_ON_ERROR:

install: $(VENV)/.installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# Only wheels, which run no code when they are installed; the program itself is built by the
# hatchling that is among them.
$(VENV)/.installed: pyproject.toml requirements.lock requirements-editor.lock | $(BIN)/python
	@echo "Installing $$(grep -c '^[a-z]' requirements.lock) packages and the program into $(VENV)"
	@$(PIP) install --only-binary :all: --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) install --no-deps --only-binary :all: --require-hashes --requirement requirements-editor.lock \
	  || echo "The query editor could not be had: /sparql is a plain form until make install finds it." >&2
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@echo "Installing the $$(grep -c '^[a-z]' requirements-test.lock) packages of the tests into $(VENV)"
	@$(PIP) install --no-build-isolation --no-warn-conflicts --require-hashes \
	  --requirement requirements-test.lock
	@touch $@

build: release/manifest.json

release/manifest.json: $(CONTENT) $(PROGRAM) | $(VENV)/.installed
	@echo "Building the release from ontology/, data/ and queries/, about a minute"
	@$(BIN)/jiqun build --release release

serve: release/manifest.json
	@echo "Starting the server; Ctrl-C ends it"
	@$(BIN)/jiqun serve --release release

pictures: release/manifest.json
	@$(BIN)/python -m jiqun.web.picture_files release docs

check: | $(VENV)/.installed
	$(BIN)/jiqun check

fmt: $(VENV)/.installed-test
	$(BIN)/jiqun fmt
	$(BIN)/ruff format

lint: lint-code lint-types lint-data

lint-code: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check

lint-types: $(VENV)/.installed-test
	$(BIN)/mypy

lint-data: $(VENV)/.installed-test
	$(BIN)/jiqun fmt --check

# A build refuses what `jiqun check` rejects.
test: $(VENV)/.installed-test
	$(MAKE) --no-print-directory --jobs 2 lint build
	$(PYTEST) --release=release

soak: $(VENV)/.installed-test
	JIQUN_KILL_CYCLES=200 JIQUN_STREAM_POWER=7 $(BIN)/pytest \
	  tests/writing/test_durability.py \
	  tests/web/test_streaming.py::test_a_slow_reader_of_a_long_answer_costs_little_memory

interop-tools: $(VENV)/.installed-test
	@echo "Installing the tools of other people into $(VENV) and .interop"
	@$(PIP) install --no-warn-conflicts --editable '.[interop]'
	cd tests && ../$(BIN)/python -m interop.install

interop: interop-tools release/manifest.json
	cd tests && ../$(BIN)/python -m interop.run
	JIQUN_INTEROP=1 $(BIN)/pytest --release=release tests/interop tests/queries/test_federated_examples.py

# The versions of the tests agree with those of the program, because its lock constrains theirs.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --quiet --upgrade --extra build

lock: | $(BIN)/python
	@$(PIP) install "$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", \
	  "rb"))["project"]["optional-dependencies"]["lock"])')"
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra test --extra browser --extra notebooks --constraint requirements.lock \
	  --output-file requirements-test.lock

clean:
	rm -rf .interop $(VENV) release dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
