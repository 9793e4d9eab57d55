# Every target sets up what it needs: a machine with make and Python 3.11 or newer (or uv) is enough.
# Variables, on the command line of make:
#   TORCH=cpu|cuda    which build of torch; default: what .venv has, else CUDA where there is an NVIDIA GPU
#   EXTRAS=gpu,merge  extras of pyproject.toml to install too: gpu (vLLM), merge, embed, ray
#   PYTHON=python3.12 which Python .venv is made with
#   FAMILY=qwen2      reproduce, verify: one of the paper's families instead, on GPUs; ARGS=--dry-run says what it takes
#   WORKERS=0         processes of the tests; default: one a core, eight at most
#   ARGS="-k words"   further arguments of pytest, or of `acdc reproduce` and `acdc same`
#   FULL=1            same: the whole of params.yaml instead of the smoke pipeline
#   YES=1             clean without asking

.DEFAULT_GOAL := help
.PHONY: help setup reproduce verify test test-vllm test-ray smoke same study lint format bench clean

WORKERS ?= logical
VLLM_TESTS = tests/acdc/engines tests/evals/answering/test_vllm_harness.py
RAY_TESTS = tests/acdc/executors tests/evals/answering/test_ray_evaluation.py
# What people wrote; beside it lies what the pipeline makes.
WRITTEN = acdc evals reproductions setup tests docs *.md *.toml *.yaml Makefile
# What the pipeline makes is what .gitignore says it makes.
MADE = $(shell sed -n '/^. what the pipeline makes/,$$s|^/||p' .gitignore) build/smoke build/same build/same-full .dvc/cache .dvc/tmp

export OMP_NUM_THREADS := 1
export DVC_NO_ANALYTICS := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile
	@awk '/^# Variables/ {on = 1} /^$$/ {on = 0} on {print substr($$0, 3)}' Makefile

setup: ## Build .venv, or bring it up to date: the other targets do this by themselves
	@python=$$(sh setup/find_python.sh) && "$$python" setup/environment.py --torch "$(TORCH)" --extras "$(EXTRAS)"

reproduce: setup ## Train, evolve, choose, evaluate, compare, report; then print the main table
	@if [ -n "$(FAMILY)" ]; then .venv/bin/acdc reproduce $(FAMILY) $(ARGS); else .venv/bin/dvc repro && .venv/bin/acdc summary; fi

verify: setup ## Compare what was measured with the expected numbers
	@.venv/bin/acdc verify $(or $(FAMILY),tiny)

test: setup ## Run all tests
	@.venv/bin/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile $(ARGS)

test-vllm: ## Run the engines' tests on vLLM for CPUs, in an environment of its own: .venv-vllm
	@python=$$(sh setup/find_python.sh) && "$$python" setup/environment.py --vllm
	@.venv-vllm/bin/python -m pytest -p no:xdist $(VLLM_TESTS) $(ARGS)

test-ray: ## Install the extra for Ray, and run its tests on a real cluster of this machine, one after another
	@$(MAKE) --no-print-directory setup EXTRAS="$(or $(EXTRAS),ray)"
	@.venv/bin/python -m pytest -p no:xdist $(RAY_TESTS) $(ARGS)

smoke: setup ## Run every stage once, as small as it gets, in a directory of its own (2 minutes)
	@.venv/bin/acdc smoke

same: setup ## The pipeline under four settings of the numerical libraries, compared cell by cell (6 minutes)
	@.venv/bin/acdc same $(if $(FULL),--full) $(ARGS)

study: setup ## Where does the gain come from? Many families trained on their own; goes on where it stopped (hours)
	@.venv/bin/acdc study --dry-run
	@.venv/bin/acdc study --out reproductions/tiny/study --expected reproductions/tiny/expected.json

lint: setup ## Check style, format, types, contracts between modules and spelling; changes nothing
	@failed=0; \
	.venv/bin/ruff check . || failed=1; \
	.venv/bin/ruff format --check . || failed=1; \
	.venv/bin/mypy || failed=1; \
	.venv/bin/lint-imports --no-logo --no-cache || failed=1; \
	.venv/bin/codespell $(WRITTEN) || failed=1; \
	exit $$failed

format: setup ## Fix style and format where that can be done without a person
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup ## Measure speed, one benchmark after another, after a line that names the machine
	@.venv/bin/python -m acdc.processes.machine
	@failed=; for script in tests/benchmarks/bench_*.py; do \
		printf '\n== %s\n' "$$script"; .venv/bin/python "$$script" || failed="$$failed $$script"; \
	done; if [ -n "$$failed" ]; then echo "failed:$$failed"; exit 1; fi

clean: ## Remove what the pipeline made (runs, models, results), after asking; .venv stays
	@there=$$(ls -d $(MADE) 2>/dev/null || true); \
	if [ -z "$$there" ]; then echo "Nothing to remove."; exit 0; fi; \
	du -sh $$there; \
	if [ "$(YES)" != 1 ]; then \
		printf 'Remove these? They take the whole pipeline to make again. [y/N] '; read -r answer || answer=; \
		case $$answer in y|Y|yes) ;; *) echo "Kept."; exit 1;; esac; \
	fi; \
	rm -rf $$there
