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
STAMP := .venv/.installed

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Create .venv: hash-locked dependencies, then our packages editable

# pip only fetches uv; both installs refuse anything whose hash is not in the lock.
$(STAMP): locks/dev.txt $(MANIFESTS)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps -r <(awk '/^uv==/ {p=1} p {print} p && !/\\$$/ {exit}' locks/dev.txt)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r locks/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		$(PACKAGES:%=--editable %)
	touch $@

.PHONY: lock
lock: $(STAMP) ## Renew every file in locks/ as of today
	sed -i 's/^exclude-newer = .*/exclude-newer = "$(shell date -u +%Y-%m-%dT00:00:00Z)"/' pyproject.toml
	UV=$(UV) locks/export locks

.PHONY: clean
clean: ## Remove the environment, the caches and the embedded platform's data
	rm -rf .venv .rollcall uv.lock .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
