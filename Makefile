# Everything runs inside .venv; nothing global is touched. `make env` runs once, and again when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST_ARGS ?=
# Tests start hundreds of processes: each would translate every library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help env models simulators demo test lint format house clean

help:
	@echo "make env     Python environment in .venv with everything for development"
	@echo "make demo    an evolution of tardiness rules with the offline search and a local model, about 4 minutes"
	@echo "make test    lint, then all tests with coverage"
	@echo "make lint    ruff, mypy --strict, import-linter"
	@echo "make format  let ruff rewrite what it can"
	@echo "make house   draw docs/house.svg again: which room imports which"
	@echo "make clean   remove .venv, caches and build products"

env: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Heuresis needs Python 3.11 or newer, $(PYTHON) is older: make env PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "$(PYTHON) cannot make environments (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --only-binary xllamacpp -e '.[dev,local]' \
	  || { echo "no xllamacpp wheel for this platform: installing without local models" >&2; \
	       $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -e '.[dev]'; }
	@touch $@

# The weights of the small local model (93 MB, once per user); without them tests of it are skipped and the demo goes on offline.
models: $(STAMP)
	@$(BIN)/heuresis models install || echo "going on without the local model" >&2

# The machine code of all simulators, so that two processes of tests do not compile the same at the same time.
simulators: $(STAMP)
	@$(BIN)/python tests/support/compile_simulators.py

demo: models
	@$(BIN)/python -m heuresis.cli.demo

# What tests need is made while the code is checked: none of it depends on another.
test: $(STAMP)
	@$(MAKE) --no-print-directory --jobs=2 lint models simulators
	$(BIN)/coverage erase
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

house: $(STAMP)
	$(BIN)/python docs/house/draw.py

clean:
	rm -rf .venv build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
