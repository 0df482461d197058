"""A private jieba tokenizer with our user dictionary, and stop words.

The tokenizer is our own instance: importing this module, or using it, leaves the global `jieba.dt` of the
process alone.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from gongkai.run import bundled

if TYPE_CHECKING:
    import jieba
    import rjieba

# jieba's own pattern of a block (`re_han_default`); a block is cut without regard to its neighbours.
_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_HAN_BLOCK = re.compile(r"[\u4E00-\u9FD5]+")


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


@functools.cache
def _accelerator() -> rjieba.Jieba | None:
    """Return rjieba's tokenizer with the same words, None where the extra `fast` is not installed."""
    try:
        import rjieba
    except ImportError:
        return None
    instance = rjieba.Jieba()
    for line in bundled("corpus/lexicon/userdict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency = line.split()
        instance.add_word(word, int(frequency), "")
    return instance


def engine() -> str:
    """Return what cuts the words, for manifests: the tokens are the same."""
    return "jieba" if _accelerator() is None else "rjieba"


def tokenize(text: str) -> list[str]:
    """Cut a text into words (jieba's accurate mode with HMM); white space is dropped.

    With the extra `fast`, blocks that are wholly Han go to rjieba, which cuts these as jieba does and several
    times faster. It cuts Latin, digits and symbols otherwise, so every other block stays with jieba.

    >>> tokenize("依申请公开政府信息")
    ['依申请公开', '政府信息']
    """
    fast = _accelerator()
    if fast is None:
        tokens = tokenizer().lcut(text)
    else:
        tokens = []
        for block in _BLOCK.split(text):
            tokens += fast.cut(block) if _HAN_BLOCK.fullmatch(block) else tokenizer().lcut(block)
    return [token for token in tokens if not token.isspace()]


@functools.cache
def stop_words() -> frozenset[str]:
    """Return the function words and marks of `stopwords.txt`."""
    lines = bundled("corpus/lexicon/stopwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
