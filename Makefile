# Every command a contributor needs. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
SERVICES := roster rollout completion notifier reporting
PACKAGES := schemas chassis $(SERVICES:%=services/%) deploy/embedded
MANIFESTS := pyproject.toml $(PACKAGES:%=%/pyproject.toml)
SOURCES := $(PACKAGES:%=%/src)
MIGRATIONS := $(wildcard chassis/src/chassis/migrations/*.sql services/*/src/*/migrations/*.sql)
STAMP := .venv/.installed

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Create .venv: hash-locked dependencies, then our packages editable

# pip only fetches uv; both installs refuse anything whose hash is not in the lock.
$(STAMP): locks/dev.txt $(MANIFESTS)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps -r <(awk '/^uv==/ {p=1} p {print} p && !/\\$$/ {exit}' locks/dev.txt)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		$(PACKAGES:%=--editable %)
	@touch $@

.PHONY: lock
lock: $(STAMP) ## Renew every file in locks/ as of today
	sed -i 's/^exclude-newer = .*/exclude-newer = "$(shell date -u +%Y-%m-%dT00:00:00Z)"/' pyproject.toml
	$(MAKE) relock

.PHONY: relock
relock: $(STAMP) ## Write locks/ anew after a dependency changed, as of the same day
	UV=$(UV) locks/export locks

.PHONY: check
check: $(STAMP) check-style check-types check-imports check-locks check-schemas check-migrations ## Everything but the tests

.PHONY: check-style
check-style:
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

.PHONY: check-types
check-types:
	$(BIN)/mypy $(SOURCES)
	$(BIN)/mypy tests

.PHONY: check-imports
check-imports:
	PYTHONPATH=tests $(BIN)/lint-imports --no-logo

# Resolves again as of `exclude-newer` and compares; a second or two with a warm cache.
.PHONY: check-locks
check-locks: $(STAMP)
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	UV=$(UV) locks/export "$$fresh"; \
	diff --recursive --brief --exclude=export "$$fresh" locks \
		|| { echo "locks/ is stale: run 'make relock' (same day) or 'make lock' (today)" >&2; exit 1; }

.PHONY: check-schemas
check-schemas:
	$(BIN)/python -m schemas generate --check

.PHONY: check-migrations
check-migrations:
	$(BIN)/squawk --config .squawk.toml $(MIGRATIONS)

.PHONY: schemas
schemas: $(STAMP) ## Regenerate JSON Schema and AsyncAPI from the models
	$(BIN)/python -m schemas generate

.PHONY: format
format: $(STAMP) ## Format, and fix what can be fixed mechanically
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: test
test: $(STAMP) ## The whole suite on real backends; TEST_BACKEND=containers uses Docker
	$(BIN)/python -m pytest -q

# Software that nobody here wrote, each pinned in an environment of its own.
.venv-clients/%/.installed: locks/clients-%.txt $(STAMP)
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes -r $<
	@touch $@

.PHONY: test-clients
test-clients: $(STAMP) .venv-clients/canaille/.installed .venv-clients/pages/.installed ## Let foreign software drive the roster: an identity provider, a browser
	$(BIN)/python -m pytest -q tests/clients/check_*.py

.PHONY: bench
bench: $(STAMP) ## Measure throughput and latency
	PYTHONPATH=tests $(BIN)/python -m bench

.PHONY: demo
demo: $(STAMP) ## Watch a whole cycle on this machine, from onboarding to the report
	$(BIN)/rollcall demo --recount tests

.PHONY: demo-kill
demo-kill: $(STAMP) ## The same while every service, the broker and Postgres are killed once
	$(BIN)/rollcall demo --recount tests --folder var/demo-kill --kill

.PHONY: clean
clean: ## Remove the environment, the caches and the embedded platform's data
	rm -rf .venv .venv-clients .rollcall var uv.lock .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
