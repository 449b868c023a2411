# `make play` and `make test` do all set-up themselves; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
FRONT_END := web/package.json web/package-lock.json web/build.mjs $(wildcard web/static/js/*.js web/static/css/*.css)
INPUTS := pyproject.toml constraints.txt hatch_build.py $(FRONT_END)

.PHONY: help play test proof lint format browser servers clean

help:
	@echo "make play    set up and serve the site on http://127.0.0.1:8000, first round behind it"
	@echo "make test    set up and run lint, types and every test that fits 20 minutes"
	@echo "make proof   run the long tests that 'make test' leaves out"
	@echo "make lint    ruff and mypy          make format  rewrite to the house format"
	@echo "make clean   remove the environment and everything built"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.play: $(BIN)/python $(INPUTS)
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(BIN)/python $(INPUTS)
	$(PIP) -e '.[train,video,test]'
	@touch $@ $(VENV)/.play

play: $(VENV)/.play
	$(BIN)/tron up

browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || $(BIN)/playwright install chromium \
	  || { echo "no Chromium found and none could be installed; install one and try again" >&2; exit 1; }

servers:
	@{ command -v postgres || ls /usr/lib/postgresql/*/bin/postgres; } >/dev/null 2>&1 \
	  && command -v redis-server >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	       && apt-get install -y -qq --no-install-recommends postgresql redis-server >/dev/null; } \
	  || { echo "the tests need PostgreSQL and Redis; on Debian: apt-get install postgresql redis-server" >&2; exit 1; }

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(VENV)/.test lint browser servers
	$(BIN)/python -m pytest -m "not proof" --durations=15

proof: $(VENV)/.test browser servers
	$(BIN)/python -m pytest -m proof --timeout=7200 --durations=0

clean:
	rm -rf $(VENV) build dist web/static/dist web/node_modules *.egg-info
