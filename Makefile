# make demo          a paid and a cancelled payment on this machine, no account needed; serves on until Ctrl-C
# make demo ONCE=1   the same, then ends: 0 only when both happened as they should
# make test          every test, by two workers a core (at most 8 workers); WORKERS=0: in one process
# make check         what .ci/run checks, in the environment that is already there
# make bench         the client's speed beside bare HTTP libraries, two minutes; BENCH=in-flight, one-by-one, import, memory or profile: one of them
# make lock          write both lock files anew (needs uv)

VENV ?= .venv
PYTHON ?=
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet

# Here and not in pyproject.toml: a single test is quicker without workers. Two a core: many tests wait for processes.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN || echo 1))))
PYTEST := $(PY) -m pytest -n $(WORKERS) --maxprocesses 8 --dist worksteal

unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: demo test check bench venv lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/.karo-run
	@$(PY) -m bot demo $(if $(filter-out 0 no,$(ONCE)),--once)

test: $(VENV)/.karo-dev
	@$(PYTEST)

check: $(VENV)/.karo-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PYTEST)

bench: $(VENV)/.karo-dev
	@$(PY) -m tests.benchmarks $(BENCH)

venv: $(VENV)/.karo-dev

$(PY):
	@for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	    >/dev/null 2>&1; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Karo needs Python 3.11, 3.12 or 3.13 with its venv module, and found none." >&2; \
	  echo "Debian, Ubuntu: sudo apt install python3 python3-venv. Others: https://www.python.org/downloads/" >&2; \
	  echo "A Python that stands elsewhere: make PYTHON=/path/to/python3 ..." >&2; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version); the first time takes a minute."; \
	"$$found" -m venv --clear $(VENV)

$(VENV)/.karo-run: requirements.lock pyproject.toml $(PY)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.karo-dev: requirements-dev.lock pyproject.toml $(PY)
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.karo-run

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

lock:
	$(COMPILE) pyproject.toml --extra build --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra dev --extra build --constraint requirements.lock \
	  --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
