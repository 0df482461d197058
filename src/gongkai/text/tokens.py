"""A private jieba tokenizer with our user dictionary, and stop words.

The tokenizer is our own instance: importing this module, or using it, leaves the global `jieba.dt` of the process alone.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from gongkai.run import bundled

if TYPE_CHECKING:
    import jieba


@functools.cache
def tokenizer() -> jieba.Tokenizer:
    """Return this process's tokenizer, with `userdict.txt` loaded."""
    import jieba

    logger = logging.getLogger("jieba")
    before = logger.level
    logger.setLevel(logging.WARNING)  # jieba announces its dictionary on stderr at first use
    try:
        instance = jieba.Tokenizer()
        instance.initialize()
        with bundled("corpus/lexicon/userdict.txt").open("rb") as words:
            instance.load_userdict(words)
    finally:
        logger.setLevel(before)
    return instance


def tokenize(text: str) -> list[str]:
    """Cut a text into words (jieba's accurate mode with HMM); white space is dropped.

    >>> tokenize("依申请公开政府信息")
    ['依申请公开', '政府信息']
    """
    return [token for token in tokenizer().lcut(text) if not token.isspace()]


@functools.cache
def stop_words() -> frozenset[str]:
    """Return the function words and marks of `stopwords.txt`."""
    lines = bundled("corpus/lexicon/stopwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
