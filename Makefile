# Two commands: `make chat` for a person, `make test` for a developer. Each sets up what it needs.

PYTHON ?= python3
BIN := .venv/bin
PORT ?= 7860
MODEL ?= $(or $(PAPERCHAT_MODEL),qwen2.5-coder-1.5b-instruct)
ENCODER := all-MiniLM-L6-v2
export Q := $(value Q)
QUESTIONS := $(wildcard $(patsubst %,bench/data/*%.jsonl,questions lists unanswerable))
chat ask bench: export PAPERCHAT_MODEL := $(MODEL)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: chat ask index models setup setup-dev test check format readme bench clean

chat: index
	$(BIN)/paperchat serve --port $(PORT)

ask: index
	@$(BIN)/paperchat ask "$$Q"

index: models
	@$(BIN)/paperchat index >&2

models: .venv/installed
	@$(BIN)/paperchat models pull $(ENCODER) >&2
	@case "$(MODEL)" in none|http*) ;; *) $(BIN)/paperchat models pull "$(MODEL)" >&2 ;; esac

.venv/installed: pyproject.toml constraints.txt
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv: some minutes the first time" >&2
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

setup: .venv/installed
setup-dev: .venv/installed-dev

test: .venv/installed-dev
	@$(BIN)/paperchat models pull $(ENCODER) >&2
	@$(BIN)/paperchat models pull smollm2-135m-instruct >&2
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m cogapp --check README.md

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

readme: .venv/installed-dev
	$(BIN)/python -m cogapp -r README.md

# IR="folder folder": collections in BEIR layout besides; ARGS="--out now.json --against before.json" and the like
bench: index
	$(BIN)/paperchat eval $(QUESTIONS) $(IR) --every 6 --baselines 8 --taken-out 8 --titles $(ARGS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
