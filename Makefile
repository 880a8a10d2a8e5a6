# make install | eval | test | check: the whole interface. Each makes what it lacks. (make mini [SCALING=1]: the miniature's
# page and pictures in leaderboards/ from scratch, half an hour; with the curve of scaling two.)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install eval test check mini clean
.DELETE_ON_ERROR:

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[lmms,lm,build,train,report,benchmarks,dev]'
	touch $@

eval: install
	HF_HUB_OFFLINE=1 $(BIN)/cmqa demo --out runs/demo

test: install  # a thread each: the models are tiny, and tests run side by side
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

mini: install
	HF_HUB_OFFLINE=1 $(BIN)/python -m experiments.mini --out runs/mini --seeds 1 2 3 4 5 --jobs 2 $(if $(SCALING),--scaling)
	cp runs/mini/mini.md leaderboards/mini.md
	for picture in runs/mini/*.png; do cp $$picture leaderboards/mini_$$(basename $$picture); done

clean:
	rm -rf $(VENV) build dist runs
