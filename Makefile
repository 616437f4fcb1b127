# Every target sets up what it needs: `make demo` on a fresh machine is enough.
# Python 3.11 or newer; choose another with `make PYTHON3=python3.12 ...` before the first use.
PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
# Packages are compiled when first imported: most of them never are, and would take .2 GB.
INSTALL := $(PYTHON) -m pip install --quiet --no-compile -c constraints.txt
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed

# The tests start hundreds of processes: each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv demo tables docs check test test-long test-all test-pages test-wheel bench format clean

help:
	@echo "make demo      install, tune the shipped prior, write the table, melodies, pictures (demo/)"
	@echo "make tables    the full table of results: Q, Psi, G and the baselines (tables/)"
	@echo "make docs      the documentation as a site (build/docs/index.html)"
	@echo "make test      lint, types, layers and the tests that take little time"
	@echo "make test-long the tests of whole programs, and second proofs of what make test checks"
	@echo "make test-all  lint, types, layers and every test, the slow ones too"
	@echo "make test-pages, test-wheel: the slow tests of the report and the study, of the package"
	@echo "make bench     the speed benchmarks"
	@echo "make format    format the code and apply safe fixes"
	@echo "make clean     remove results and caches, keep the virtual environment"

venv: $(INSTALLED)

# torch goes first and exactly pinned: a looser request can resolve to gigabytes of CUDA.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON3) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11+ is needed')"
	$(PYTHON3) -m venv $(VENV)
	$(INSTALL) "$$(grep '^torch==' constraints.txt)"
	$(INSTALL) -e ".[molecule,score,study]"
	touch $@

# What only developers need: checks, tests, documentation, and every extra. All is compiled: the
# tests start hundreds of processes.
$(DEVELOPED): $(INSTALLED)
	$(INSTALL) -e ".[dev]"
	$(PYTHON) -m compileall -qq -j 0 $(VENV)/lib || true
	touch $@

demo: $(INSTALLED)
	$(PYTHON) -m sequence_tutor demo --out demo

tables: $(INSTALLED)
	$(PYTHON) -m sequence_tutor tables --out tables

# Read anew every time, so that no warning is missed and each melody is written.
docs: $(DEVELOPED)
	rm -rf build/docs
	$(PYTHON) -m sphinx -W --keep-going -n -q -E -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

check: $(DEVELOPED)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Types and layers take a minute and one core: they are checked beside the tests, and said after.
# One process a core, at most 4: each imports everything for itself, and while one waits for what it
# started the checks have its core.
WORKERS = $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n < 4 ? n : 4 )))
TESTS = $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal
define checked_beside
	@mkdir -p build
	@$(MAKE) --no-print-directory check > build/check.log 2>&1 & checking=$$!; \
	trap 'kill $$checking; exit 130' INT TERM; \
	$(1); tests=$$?; \
	wait $$checking; checks=$$?; cat build/check.log; \
	[ $$tests = 0 ] && [ $$checks = 0 ]
endef

test: $(DEVELOPED)
	$(call checked_beside,$(TESTS) -m "not slow and not long")

# Whole programs, and second proofs: `make test` has a shorter test of the same subject.
test-long: $(DEVELOPED)
	$(TESTS) -m "long and not slow"

test-all: $(DEVELOPED)
	$(call checked_beside,$(TESTS))

# The report, the study and the studio in a real browser, and fifty listeners at once.
test-pages: $(DEVELOPED)
	$(PYTHON) -m pytest -m slow tests/reporting tests/study tests/studio

# The wheel has every file, and works in an empty folder without the source.
test-wheel: $(DEVELOPED)
	$(PYTHON) -m pytest -m slow tests/test_wheel.py

bench: $(INSTALLED)
	$(VENV)/bin/sequence-tutor bench

format: $(DEVELOPED)
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

clean:
	rm -rf demo tables build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
