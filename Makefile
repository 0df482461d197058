# What a maintainer runs. Windows: the same lines with .venv\Scripts instead of .venv/bin.
BIN = .venv/bin

setup:
	python3 -m venv .venv && $(BIN)/pip install -q -e ".[dev]" && $(BIN)/pip install -q reportlab

check:
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/python -m pytest

demo:
	$(BIN)/gongkai demo --overwrite

corpus:
	$(BIN)/python corpus/dress.py && $(BIN)/python corpus/bind.py && $(BIN)/python corpus/card.py

model:
	$(BIN)/gongkai train corpus/labels -o models/linear --overwrite

.PHONY: setup check demo corpus model
