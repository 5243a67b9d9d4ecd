# `make` alone lists the targets. Everything works from a fresh clone with Python 3.11, make and git.

STACK ?= local
OUT ?= build/rendered/$(STACK)
SVG ?= build/graph-$(STACK).svg
WORKERS ?= 2

VENV := .venv
PYTHON := $(VENV)/bin/python
PINS := requirements.txt requirements-dev.txt
READY := $(VENV)/.pins-installed
LAUNCHER := $(PYTHON) -m launcher
# The first Python on PATH that is new enough; looked up only when .venv has to be made.
FIND_PYTHON = for candidate in python3.11 python3 python3.12 python3.13 python3.14; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$candidate; exit; fi; done

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up preview refresh down images local-registry local-registry-down validate render graph schema test integration services-test lint format golden dashboards bench clean

help: ## list the targets
	@echo "make TARGET [STACK=local|dev|prod|ci]"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(READY) ## put the pinned packages into .venv; does nothing while the pins are unchanged

$(READY): $(PINS)
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "error: Python 3.11 or newer is needed, and PATH has none (python3 is: $$(python3 --version 2>&1))." >&2; \
		echo "Install it (on Debian: apt-get install python3 python3-venv) and run make again." >&2; exit 1; \
	fi; \
	[ -x $(PYTHON) ] || { echo "Making $(VENV) with $$($$python --version) ..."; $$python -m venv $(VENV); }
	@echo "Installing the pinned packages into $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	@touch $@

up: setup ## the main job: bring the stack up
	@$(LAUNCHER) up $(STACK)

preview: setup ## show what `make up` would change
	@$(LAUNCHER) preview $(STACK)

refresh: setup ## compare the state with what is really there
	@$(LAUNCHER) refresh $(STACK)

down: setup ## delete everything that the stack made
	@$(LAUNCHER) destroy $(STACK)

images: STACK := $(if $(filter file,$(origin STACK)),ci,$(STACK))
images: setup ## build and push the images of a stack that does (by default ci), and nothing else
	@$(LAUNCHER) images $(STACK)

local-registry: setup ## start a registry on 127.0.0.1:5001 with the base images, and an engine where none answers
	@$(PYTHON) -m localregistry up

local-registry-down: setup ## end what `make local-registry` has started; images are kept
	@$(PYTHON) -m localregistry down

validate: setup ## check the configuration of the stack
	@$(LAUNCHER) validate $(STACK)

render: setup ## write the stack's manifests to OUT (build/rendered/STACK)
	@$(LAUNCHER) render $(STACK) --out $(OUT)

graph: setup ## print the service graph, and draw it to SVG (build/graph-STACK.svg)
	@$(LAUNCHER) graph $(STACK)
	@mkdir -p $(dir $(SVG))
	@$(LAUNCHER) graph $(STACK) --svg $(SVG)

schema: setup ## write the JSON Schemas of the configuration files
	@$(LAUNCHER) schema

test: setup ## all tests that need no network beyond the package registries (layers 1 to 4)
	@$(PYTHON) -m pytest -n $(WORKERS) --dist loadgroup

integration: setup ## the tests that need real servers or an engine (layer 5), about 30 minutes
	@$(PYTHON) -m pytest -n $(WORKERS) --dist loadgroup tests/integration

services-test: setup ## the sample shop's own tests, in Go, Java and Python
	@$(MAKE) --no-print-directory -C services test

lint: setup ## check style, types and who imports whom
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/ty check
	@$(VENV)/bin/lint-imports --no-logo

format: setup ## bring the sources into the common form
	@$(VENV)/bin/ruff check --fix
	@$(VENV)/bin/ruff format

golden: setup ## rewrite the golden manifests; review the diff
	@$(PYTHON) -m pytest --rewrite-goldens tests/golden

dashboards: setup ## run the shop, and draw its dashboards to docs/dashboards; their JSON to build/dashboards
	@$(PYTHON) -m pytest --redraw-dashboards tests/integration/observability/test_pictures.py

bench: setup ## measure against flat programs and against helm
	@$(PYTHON) -m bench

clean: ## delete what runs have made, except state and .venv
	rm -rf build .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
