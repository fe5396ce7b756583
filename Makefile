PYTHON ?= python3
# How many tests run at once.
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
# What is simulated: the first seed, how many, for how many days, how many sessions a day, and for how many hours
# nobody reconciles at first.
SEED ?= 1
SEEDS ?= 1
DAYS ?= 365
SESSIONS ?= 50
DOWN ?= 0

BIN := .venv/bin
STUBS := var/check/stubs
IMAGE := var/check/protos.binpb
PROTOS = $(shell cd protos && find tollbook -name '*.proto' | sort)
# The google types that our protos import come with the package googleapis-common-protos.
PROTOC = $(BIN)/python -m grpc_tools.protoc -Iprotos -I$(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test check simulate mutants chaos seeded screenshots bench format protos lock clean

help: ## What can be made
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The leash ends the supervisor, and so all it runs, also when make itself is killed.
run: .venv/.installed-for-run ## Set up what is missing and run Tollbook, until Ctrl-C
	@exec $(BIN)/python services/cli/leash.py TERM $$PPID $(BIN)/tollbook run

test: check ## Set up what is missing, check, and run every test
	@$(PYTHON) deploy/browser.py
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=worksteal

check: .venv/.installed-for-test ## Lint, types, imports, protos: under a minute
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@mkdir -p $(STUBS)
	$(PROTOC) --include_imports --include_source_info --descriptor_set_out=$(IMAGE) $(PROTOS)
	$(BIN)/buf lint $(IMAGE) --config protos/buf.yaml
	@rm -rf $(STUBS)/* && $(call generate,$(STUBS))
	@diff -r -x '*.proto' -x __pycache__ $(STUBS)/tollbook protos/tollbook \
		|| { echo "The committed stubs are not those of the protos: make protos"; exit 1; }

simulate: .venv/.installed-for-test ## Live through a year of faults: SEED SEEDS DAYS SESSIONS (a day) DOWN (hours)
	PYTHONPATH=.:protos $(BIN)/python -m tests.simulation --seed=$(SEED) --seeds=$(SEEDS) --days=$(DAYS) \
		--sessions=$(SESSIONS) --down=$(DOWN)

mutants: .venv/.installed-for-test ## Change the rules of the money a little, thousands of times: the tests must notice
	PYTHONPATH=.:protos $(BIN)/python -m tests.mutants

chaos: .venv/.installed-for-test ## Pull every plug: kills, cuts, frozen replicas, restarts (make chaos ARGS='kills --quick')
	PYTHONPATH=.:protos $(BIN)/python -m tests.chaos $(ARGS)

seeded: .venv/.installed-for-test ## Break each promise of docs/reliability.md on purpose: its test must fail
	PYTHONPATH=.:protos $(BIN)/python -m tests.seeded $(ARGS)

screenshots: .venv/.installed-for-test ## Take the pictures of the page that the documents show
	@$(PYTHON) deploy/browser.py
	SCREENSHOTS=docs/images $(BIN)/pytest tests/e2e/browser/test_screenshots.py

bench: .venv/.installed-for-test ## Measure it beside yardsticks, about 25 minutes (make bench ARGS='ingest idle --quick')
	PYTHONPATH=.:protos $(BIN)/python -m tests.benchmarks $(ARGS)

format: .venv/.installed-for-test ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

protos: .venv/.installed-for-test ## Generate the stubs beside the protos anew
	$(call generate,protos)

lock: ## Resolve the dependencies anew (make lock ARGS=--upgrade)
	$(PYTHON) deploy/bootstrap.py lock $(ARGS)

clean: ## Remove what make has made; the books in var/ stay
	rm -rf .venv var/check var/mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

generate = $(PROTOC) --python_out=$(1) --grpc_python_out=$(1) --mypy_out=quiet:$(1) \
	--mypy_grpc_out=quiet,only_async:$(1) $(PROTOS)

.venv/.installed-for-run: pyproject.toml deploy/bootstrap.py deploy/bootstrap.lock deploy/requirements.lock
	@$(PYTHON) deploy/bootstrap.py run

.venv/.installed-for-test: pyproject.toml deploy/bootstrap.py deploy/bootstrap.lock deploy/requirements.lock deploy/requirements-dev.lock
	@$(PYTHON) deploy/bootstrap.py test
