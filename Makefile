# The two commands that matter: make demo, make test. The rest is in make help.
# PYTHON=... names another interpreter; ARGS=... goes to the command behind a target.

BIN := .venv/bin
PYTEST := $(BIN)/pytest

# The machine's certificates, as pip takes them: uv's own know no company's proxy. (Two names,
# since uv renamed the setting.)
export UV_SYSTEM_CERTS ?= 1
export UV_NATIVE_TLS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench soak mutants emulator wheel requirements clean run dev

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: ## Make .venv with what ferryman needs to run
	@PYTHON="$(PYTHON)" scripts/bootstrap run

dev: ## Make .venv with what the tests and linters need too
	@PYTHON="$(PYTHON)" scripts/bootstrap dev

demo: run ## Carry sample events through faults into the emulator, and count them
	@$(BIN)/ferryman demo $(ARGS)

emulator: run ## Start the Customer.io emulator and print what to paste
	@$(BIN)/ferryman emulator $(ARGS)

test: dev ## Run the tests on all cores, warnings as errors
	@$(PYTEST) -n auto $(ARGS)

soak: dev ## Run the long tests that `make test` leaves out
	@$(PYTEST) -m soak -o faulthandler_timeout=3600 $(ARGS)

mutants: dev ## Break each rule of delivery once, and see that a test notices (ARGS=name)
	@$(BIN)/python scripts/mutants.py $(ARGS)

lint: dev ## Check style, types, imports and dependencies; all of it, also after a failure
	@status=0; \
	$(BIN)/ruff check || status=1; \
	$(BIN)/ruff format --check || status=1; \
	$(BIN)/mypy || status=1; \
	$(BIN)/pyright --pythonpath $(BIN)/python || status=1; \
	$(BIN)/lint-imports --no-logo --no-cache || status=1; \
	$(BIN)/deptry src || status=1; \
	exit $$status

format: dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: dev ## Measure, and print a table (ARGS=--json for machines)
	@$(BIN)/python -m benchmarks $(ARGS)

wheel: dev ## Build the wheel and try what was built
	@scripts/wheel

requirements: ## Pin and hash requirements/*.txt anew (needs uv; ARGS=--upgrade)
	@scripts/requirements $(ARGS)

clean: ## Remove .venv and everything made
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
