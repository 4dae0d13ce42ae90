# make install   the program into .venv         make serve   build the release and serve it
# make test      everything that CI runs        make check   check ontology, data and queries
# make fmt       canonical form of the data     make build   write release/
# make interop   load the release into other people's tools; writes docs/interoperability.md
# make soak      kill everything while it writes, 200 times; stream ten million rows

PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CONTENT := $(shell find ontology data queries -type f 2>/dev/null | sort)
PROGRAM := $(wildcard server/jiqun/*.py) $(shell find server/jiqun/knowledge -name '*.py')

.PHONY: install serve build check fmt test soak interop interop-tools lint clean
.DELETE_ON_ERROR:

install: $(VENV)/.installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/.installed

build: release/manifest.json

release/manifest.json: $(CONTENT) $(PROGRAM) | $(VENV)/.installed
	$(BIN)/jiqun build --release release

serve: release/manifest.json
	$(BIN)/jiqun serve --release release

check: | $(VENV)/.installed
	$(BIN)/jiqun check

fmt: $(VENV)/.installed-test
	$(BIN)/jiqun fmt
	$(BIN)/ruff format

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/jiqun fmt --check

test: lint check
	$(BIN)/pytest

soak: $(VENV)/.installed-test
	JIQUN_KILL_CYCLES=200 JIQUN_STREAM_POWER=7 $(BIN)/pytest \
	  tests/writing/test_durability.py \
	  tests/web/test_streaming.py::test_a_slow_reader_of_a_long_answer_costs_little_memory

interop-tools: $(VENV)/.installed-test
	$(PIP) install --editable '.[interop]'
	cd tests && ../$(BIN)/python -m interop.install

interop: interop-tools release/manifest.json
	cd tests && ../$(BIN)/python -m interop.run
	$(BIN)/pytest tests/interop tests/queries/test_federated_examples.py

clean:
	rm -rf .interop $(VENV) release dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
