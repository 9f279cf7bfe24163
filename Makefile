# The commands of this checkout; `make` alone lists them. Each sees to its own set-up first.
# What takes thought is in tools/; this file only names it.

PYTHON ?= python3
RUN := .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help setup demo test check shell down clean bench conformance handover recover lock
# Set-up and the targets after it share a terminal and a sandbox: one at a time.
.NOTPARALLEL:

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing or out of date, into .venv and .tools
	@command -v $(PYTHON) >/dev/null || { echo "set-up: no \`$(PYTHON)\` is on PATH: install Python 3.11 or later" >&2; exit 1; }
	@$(PYTHON) -m tools.setup

demo: setup ## start the sandbox, bring up dev, deliver a partner's real file, show its way
	@$(RUN) tools.demo

check: setup ## the fast part of the tests: format, lint, types, imports, unit, components, providers
	@$(RUN) tools.check

test: setup ## the whole suite: check, then the tests on the sandbox and on the real engine
	@$(RUN) tools.check --all

shell: setup ## open a shell in which plain pulumi commands work on dev
	@$(RUN) tools.shell

down: ## stop the sandbox; its state stays for the next start
	@if [ -x .venv/bin/python ]; then $(RUN) sandbox down; else echo "down: nothing is installed here, so nothing runs"; fi

bench: setup ## measure the figures of docs/benchmarks.md; `make bench TESTS=1` with the whole suite
	@$(RUN) tools.bench $(if $(TESTS),--tests)

conformance: setup ## bring the program up on the real AWS provider; `make conformance SNOWFLAKE=1` on Snowflake's
	@$(RUN) tools.conformance$(if $(SNOWFLAKE),_snowflake)

handover: setup ## write the partners' handover sheets; `make handover STACK=prod` for another stack than dev
	@$(RUN) tools.handover $(if $(STACK),--stack $(STACK))

recover: setup ## put dev right after a run that was killed
	@$(RUN) tools.recover

lock: setup ## compile the requirements anew; `make lock UPGRADE=1` takes newer versions
	@$(RUN) tools.lock $(if $(UPGRADE),--upgrade)

clean: ## stop what runs; remove .venv, .tools, .state and caches
	@if [ -x .venv/bin/python ]; then $(RUN) sandbox down || echo "clean: the sandbox gave no answer" >&2; fi
	rm -rf .venv .tools .state .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@if [ -n "$$LANDING_STATE" ]; then echo "clean: the state in $$LANDING_STATE is outside the checkout and stays"; fi
