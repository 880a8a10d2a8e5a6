# make install | eval | test | check: the whole interface. Each installs what it lacks and no more.
# (make quick: the tests of the rooms below torch and the harnesses, within a minute. make test-all: the slow tests too.
# make docs: the site, into build/site. make release: what a maintainer publishes, into dist. make freeze: the release that ships and all that depends on it, anew, an hour. make mini [SCALING=1]: the miniature's page and pictures in leaderboards/ from scratch, half an hour; with the curve of scaling two.)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable
PYTEST = HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
QUICK := writing facts asking reading scoring results

.PHONY: install eval test test-all quick check docs release freeze mini clean
.DELETE_ON_ERROR:

install: $(VENV)/.installed

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

# A stamp for each set of packages; the whole set stands for the smaller ones.
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) '.[lmms,lm,build,train,report,benchmarks,docs,dev]'
	touch $(VENV)/.eval $(VENV)/.quick $@

$(VENV)/.eval: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) '.[lmms]'
	touch $@

$(VENV)/.quick: pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) '.[report,dev]'
	touch $@

eval: $(VENV)/.eval
	HF_HUB_OFFLINE=1 $(BIN)/cmqa demo --out runs/demo

test: install  # a thread each: the models are tiny, and tests run side by side
	$(PYTEST) -m "not slow"

test-all: install
	$(PYTEST)

quick: $(VENV)/.quick
	$(PYTEST) -m "not slow" $(addprefix tests/,$(QUICK))

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

release: check test-all docs
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m uv tool run --constraints constraints.txt twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python -m uv pip compile pyproject.toml --extra all --constraint constraints.txt --no-annotate --no-header --quiet --output-file dist/requirements.txt
	$(BIN)/python -m uv tool run --from cyclonedx-bom cyclonedx-py requirements dist/requirements.txt --output-file dist/sbom.cdx.json
	@printf '%s\n' 'To publish:' '  dist/*.whl, dist/*.tar.gz   to the package index: python -m uv publish' \
	  '  dist/sbom.cdx.json          beside them, with the release notes: the top of CHANGELOG.md' \
	  '  build/site                  to the host of the documentation' \
	  "  a tag                       git tag v$$($(BIN)/cmqa --version)"

freeze: install
	$(PIP) '.[ocr]'
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/freeze.py

mini: install
	HF_HUB_OFFLINE=1 $(BIN)/python -m experiments.mini --out runs/mini --seeds 1 2 3 4 5 --jobs 2 $(if $(SCALING),--scaling)
	cp runs/mini/mini.md leaderboards/mini.md
	for picture in runs/mini/*.png; do cp $$picture leaderboards/mini_$$(basename $$picture); done

clean:
	rm -rf $(VENV) build dist runs
