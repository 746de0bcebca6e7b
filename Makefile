# `make` lists the targets. Needs Python 3.11 or newer and npm; everything else is installed below this folder.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
ROOMS := config assistant connections probes
TEST_JOBS ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help up dev serve setup install screenshots bench python-packages browser-packages db-setup test check lint typecheck format clean info

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

up: install ## Start everything on this machine and print the address (HOST, PORT, MERIDIAN_HOME)
	@exec $(BIN)/python manage.py up

dev: install ## Like up, with error pages, and the web process restarts when a file changes
	@DEBUG=1 exec $(BIN)/python manage.py up --reload

serve: install ## Run the web process alone, for DATABASE_URL and REDIS_URL (HOST, PORT)
	@exec $(BIN)/python manage.py serve

setup: install ## Install what is missing and nothing else

install: python-packages browser-packages ## Install the packages of both lock files, when they changed

db-setup: install ## Migrate DATABASE_URL, load the regions, make the administrator
	@$(BIN)/python manage.py prepare </dev/null

test: install check ## Run every check and every test (ARGS="-k name" goes to pytest)
	@$(BIN)/python -m pytest -n $(TEST_JOBS) --dist loadgroup $(ARGS)

check: lint typecheck ## Run the linters and the type checker

lint: install ## Check style, format and the imports between rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

typecheck: install ## Check the types
	@$(BIN)/mypy $(ROOMS)

screenshots: install ## Take the README's pictures anew (needs Chromium)
	@$(BIN)/python -m docs.screenshots

bench: install ## Run every benchmark; each ends with one line of JSON
	@for name in $$($(BIN)/python -m bench --list); do $(BIN)/python -m bench $$name || exit 1; done

format: install ## Format the code
	@$(BIN)/ruff check --fix --select I .
	@$(BIN)/ruff format .

clean: ## Remove what tools have cached (neither packages nor data)
	@rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache build
	@find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

info: install ## Show the versions of the application and its packages
	@sed -n 's/^\(name\|version\) = "\(.*\)"/\2/p' pyproject.toml | paste -sd ' ' -
	@$(BIN)/python --version
	@$(PIP) list
	@npm ls --depth=0

# A stamp says for which lock file and place the packages were installed: a checkout that only
# touches the files installs nothing, and a moved folder, whose scripts would point nowhere, installs anew.
python-packages:
	@wanted="$$(cksum < requirements.lock) $(CURDIR)"; \
	if [ "$$(cat .venv/.installed 2>/dev/null)" = "$$wanted" ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	python=; for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Meridian needs Python 3.11 or newer; python3 here is: $$(python3 --version 2>/dev/null || echo missing)" >&2; exit 1; fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python cannot make virtual environments; install its venv package (on Debian and Ubuntu: python3-venv)" >&2; exit 1; fi; \
	if [ "$$(df -Pk . | awk 'NR == 2 { print $$4 }')" -lt 1000000 ]; then \
		echo "Less than 1 GB is free here; Meridian's packages need that much" >&2; exit 1; fi; \
	echo "Installing the Python packages (once, about half a minute)"; \
	if ! { $$python -m venv --clear .venv && $(PIP) install -q --require-hashes --no-deps -r requirements.lock; }; then \
		echo "The Python packages could not be installed; the reason is above" >&2; exit 1; fi; \
	echo "$$wanted" > .venv/.installed

browser-packages:
	@wanted="$$(cksum < package-lock.json)"; \
	if [ "$$(cat node_modules/.installed 2>/dev/null)" = "$$wanted" ]; then exit 0; fi; \
	if ! command -v npm >/dev/null; then \
		echo "npm is missing; install Node.js, which brings it, and run make again" >&2; exit 1; fi; \
	echo "Installing the browser packages"; \
	if ! npm ci --loglevel error >/dev/null; then \
		echo "The browser packages could not be installed; the reason is above" >&2; exit 1; fi; \
	echo "$$wanted" > node_modules/.installed
