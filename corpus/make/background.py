"""Document frequencies of the genre: python -m corpus.make.background (after a change of the authored corpus).

`corpus/lexicon/background.txt`: how many of our authored agencies use each pair of characters, and whole sentences that
agencies of several regions have (numbers masked). Authored text only.
"""

from __future__ import annotations

import collections
import tempfile
from pathlib import Path

from gongkai.corpus.build import build
from gongkai.measure.wording.similar import mask
from gongkai.tables.parts import read_table

CORPUS = Path(__file__).parents[1]
FEWEST, FEWEST_WHOLE = 2, 3


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        build(CORPUS / "raw", Path(place) / "t")
        sentences = read_table(Path(place) / "t", "sentences")
    sentences = sentences[sentences["agency"].notna()]
    pairs: dict[str, set[str]] = collections.defaultdict(set)
    whole: dict[str, set[str]] = collections.defaultdict(set)
    for agency, text in zip(sentences["agency"], sentences["text"], strict=True):
        masked = mask(text.replace(agency, ""))
        whole[masked].add(agency)
        for k in range(len(masked) - 1):
            pairs[masked[k : k + 2]].add(agency)
    lines = [
        "# Made by `python -m corpus.make.background` from the authored corpus; do not edit.",
        "# agencies: how many there are. N: pairs of characters that N agencies use. sN: a sentence that N agencies have.",
        f"agencies\t{sentences['agency'].nunique()}",
    ]
    by_count: dict[int, list[str]] = collections.defaultdict(list)
    for pair, users in pairs.items():
        if len(users) >= FEWEST:
            by_count[len(users)].append(pair)
    lines += [f"{n}\t{''.join(sorted(found))}" for n, found in sorted(by_count.items())]
    lines += [
        f"s{len(users)}\t{text}"
        for text, users in sorted(whole.items())
        if len(users) >= FEWEST_WHOLE and text
    ]
    (CORPUS / "lexicon" / "background.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
