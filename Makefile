# Everything runs inside .venv; nothing global is touched. `make env` runs once, and again when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 900
SPREAD := --numprocesses auto --dist loadfile --no-loadscope-reorder
# The core of the suite: what touches each dependency.
CORE := tests/evaluators/language tests/evaluators/kernels tests/evaluators/tardiness tests/evaluators/serving \
  tests/evolve/genetic tests/evolve/models tests/evolve/test_run.py tests/archive tests/cli/test_usage.py \
  tests/cli/test_evaluate.py tests/cli/test_evolve.py tests/sandbox/process/test_pool.py tests/problems/test_contract_suite.py
# Tests start hundreds of processes: each would translate every library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help env models simulators demo test coverage test-long test-lowest test-newest lint format house clean

help:
	@echo "make env     Python environment in .venv with everything for development"
	@echo "make demo    an evolution of tardiness rules with the offline search and a local model, about 4 minutes"
	@echo "make test    lint, then all tests; what has to pass before a change is accepted"
	@echo "make lint    ruff, mypy --strict, import-linter"
	@echo "make format  let ruff rewrite what it can"
	@echo "make house   draw docs/house.svg again: which room imports which"
	@echo "make clean   remove .venv, caches and build products"
	@echo "more tests:  coverage (which lines they reach), test-long (fuzzing for FUZZ_SECONDS each), test-lowest and test-newest"
	@echo "             (the core of the suite under the lowest and the newest versions of all dependencies)"

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
	$(BIN)/pytest $(SPREAD) $(PYTEST_ARGS)

# Tracing makes the suite three times as slow, so it is apart; the random examples of properties are not traced.
coverage: $(STAMP) models simulators
	$(BIN)/coverage erase
	$(BIN)/pytest $(SPREAD) --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

# Fuzzers for longer than anybody waits before a commit, each bounded in time.
test-long: $(STAMP) simulators
	HEURESIS_FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest -s -m 'long or not long' tests/sandbox/screen/test_bounds.py tests/sandbox/screen/test_fuzz.py $(PYTEST_ARGS)

# uv picks the versions; both environments are made anew, because the newest version is another one tomorrow.
test-lowest test-newest: test-%: $(STAMP)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$*
	VIRTUAL_ENV=$(CURDIR)/.venv-$* $(BIN)/uv pip install --quiet $(if $(filter lowest,$*),--resolution lowest-direct,--upgrade) -e '.[test]'
	HEURESIS_CACHE=$(CURDIR)/.venv-$*/cache .venv-$*/bin/python tests/support/compile_simulators.py
	HEURESIS_CACHE=$(CURDIR)/.venv-$*/cache .venv-$*/bin/pytest $(SPREAD) $(CORE) $(PYTEST_ARGS)

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
	rm -rf .venv .venv-lowest .venv-newest build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
