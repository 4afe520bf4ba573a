# `make help` explains itself. Every target installs what it needs into .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= python3
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# The certificates this machine trusts, as pip does.
export UV_SYSTEM_CERTS := true

.PHONY: help install demo test check bench bench-knowledge bench-dense bench-month bench-models bench-swarm example-swarm up test-docker lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## Install Kitbash and its tools into .venv

# uv is fetched with pip when there is none; the versions and hashes are those of requirements.lock.
$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $(STAMP)

demo: $(STAMP) ## Answer real questions with a real worker, then stop everything
	@$(BIN)/kitbash demo

test: $(STAMP) ## Run all tests but those that need a Docker engine
	@$(BIN)/python -m pytest -m "not docker" -n auto --maxprocesses 4 --dist loadfile

check: $(STAMP) ## Lint, format, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

bench: $(STAMP) ## Measure speed and size, one JSON object a line
	@$(BIN)/python -m bench

bench-knowledge: $(STAMP) ## Measure retrieval and confidence; DATA=folder, FACTS=n (see bench/knowledge.py)
	@$(BIN)/python -m bench.knowledge $(DATA) $(if $(FACTS),--facts $(FACTS))

bench-dense: $(STAMP) ## Measure what an encoder adds; DATA=folder, ENCODER=folder, FACTS=n
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.knowledge_dense $(DATA) $(ENCODER) $(if $(FACTS),--facts $(FACTS))

bench-month: $(STAMP) ## Live a simulated month and draw it; DAYS=n (see bench/month.py)
	@$(BIN)/python -m bench.month $(DAYS)

bench-models: $(STAMP) ## Measure models: loading, the adapters' own cost, deadlines, a reply's way, a crowd
	@$(BIN)/python -m bench.models

bench-swarm: $(STAMP) ## Measure the findings bus: speed, memory, ten agents of which some are killed
	@$(BIN)/python -m bench.swarm

example-swarm: $(STAMP) ## Three agents research a question, contradict each other, and ask a person
	@$(BIN)/python -m examples.swarm

up: $(STAMP) ## Run the server, all workers, beat and Flower until Ctrl-C
	@$(BIN)/kitbash up

test-docker: $(STAMP) ## Run pytest-celery against the built image; skips where there is no engine
	@$(BIN)/python -m pytest -m docker -rs

lock: $(STAMP) ## Resolve the dependencies again into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra embedded --extra encoder --extra local --extra plots --group dev --output-file requirements.lock pyproject.toml

clean: ## Remove what the other targets made
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
