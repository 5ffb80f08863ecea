# Each target is one line of sh; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.PHONY: help run test check fix lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(STAMP) ## start everything on this machine; Ctrl-C stops it
	@$(BIN)/stagecast up

test: $(STAMP) ## all the tests
	@$(BIN)/python -m pytest

check: $(STAMP) ## lint, format, types, import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright && $(BIN)/lint-imports

fix: $(STAMP) ## repair what can be repaired automatically
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: ## write the lock files anew (needs uv)
	@sh requirements/lock.sh

clean: ## remove what `make` made, results and broker data not
	@rm -rf $(VENV) dist .pytest_cache .ruff_cache .hypothesis

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
