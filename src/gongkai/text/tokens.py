"""A private jieba tokenizer with our user dictionary, and stop words.

The tokenizer is our own instance: importing this module, or using it, leaves the global `jieba.dt` of the
process alone.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from gongkai.run import bundled

if TYPE_CHECKING:
    import jieba


@functools.cache
def tokenizer() -> jieba.Tokenizer:
    """Return this process's tokenizer, with `userdict.txt` loaded.

    jieba's own `initialize` would read and write a `marshal` cache in the shared temporary folder, where
    anyone could have put one; the dictionary is read instead, which takes half a second.
    """
    import jieba

    instance = jieba.Tokenizer()
    instance.FREQ, instance.total = instance.gen_pfdict(instance.get_dict_file())
    instance.initialized = True
    with bundled("corpus/lexicon/userdict.txt").open("rb") as words:
        instance.load_userdict(words)
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
