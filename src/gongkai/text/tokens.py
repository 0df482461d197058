"""A private jieba tokenizer with our user dictionary, and stop words.

The tokenizer is our own instance: importing this module, or using it, leaves the global `jieba.dt` of the
process alone.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from typing import TYPE_CHECKING

from gongkai.text.lexicon import words

if TYPE_CHECKING:
    import jieba
    import rjieba

_HAN, _LATIN = r"\u4E00-\u9FD5", r"a-zA-Z0-9+#&._%\-"
# A block in jieba's sense (`re_han_default`) with the marks behind it, white space left out; a block is cut
# without regard to its neighbours.
_PART = re.compile(f"[{_HAN}{_LATIN}]+[^\\s{_HAN}{_LATIN}]*|[^\\s{_HAN}{_LATIN}]+")
# Han, marks that both cut off as single tokens, and between them Latin words and numbers (A, 3, 1., 98.5%),
# not 0731-1234 or example.cn, which rjieba leaves whole. No repetition gives anything back: time is linear.
_SURE_MARKS = (
    r"\u0021\u0022$'()*,/:;<=>?@\[\\\]^`{|}~\u00a1-\u00ff\u2010-\u2027\u2030-\u203e①-⑳"
    r"\u3001-\u301f！-～●■◆★℃×"
)
_SURE = re.compile(
    f"[{_HAN}{_SURE_MARKS}]*+(?:[a-zA-Z0-9]++(?:\\.[0-9]++)?+[.%]?+(?![{_LATIN}])[{_HAN}{_SURE_MARKS}]*+)*+"
)
# A character three times, close together: 兵兵兵兵兵 is 兵兵|兵兵兵 or 兵兵兵|兵兵 to the HMM with one
# probability; which sum is larger then, rounding decides, and rjieba's HMM rounds in another place.
_TIE = re.compile(f"([{_HAN}])[{_HAN}]{{0,2}}\\1[{_HAN}]{{0,2}}\\1")
LONGEST = 5000
"""Characters of a block cut at a time, more than a sentence has: jieba takes the square of its length."""
_UNREACHABLE = "，，"
"""A word that no text can hold: marks end a block."""


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
    for word, frequency in map(str.split, words("userdict")):
        instance.add_word(word, int(frequency))
    return instance


@functools.cache
def _accelerator() -> rjieba.Jieba | None:
    """Return rjieba's tokenizer with the same words, None where the extra `fast` is not installed.

    jieba's total also counts what a word weighed before it was given anew, rjieba's does not. With the
    difference on a word that never occurs, the sums of probabilities along a route are the same to the bit.
    """
    try:
        import rjieba
    except ImportError:
        return None
    instance = rjieba.Jieba()
    for word, frequency in map(str.split, words("userdict")):
        instance.add_word(word, int(frequency), "")
    instance.add_word(_UNREACHABLE, tokenizer().total - sum(tokenizer().FREQ.values()), "")
    return instance


def engine() -> str:
    """Return what cuts the words, for manifests: the tokens are the same."""
    return "jieba" if importlib.util.find_spec("rjieba") is None else "rjieba"


def tokenize(text: str) -> list[str]:
    """Cut a text into words (jieba's accurate mode with HMM); white space is dropped.

    With the extra `fast`, rjieba does the work, and the tokens are the same: what the two could cut in two
    ways (a telephone number, an address, a rare character, 兵兵兵兵兵) goes to jieba, block by block.

    >>> tokenize("依申请公开政府信息")
    ['依申请公开', '政府信息']
    """
    if len(text) > LONGEST:
        blocks = _PART.findall(text)
        pieces = (block[at : at + LONGEST] for block in blocks for at in range(0, len(block), LONGEST))
        return [token for piece in pieces for token in tokenize(piece)]
    fast = _accelerator()
    if fast is None:
        return [token for part in text.split() for token in tokenizer().cut(part)]
    if _is_sure(text):
        return fast.cut(text)
    tokens: list[str] = []
    for part in _PART.findall(text):
        tokens += fast.cut(part) if _is_sure(part) else tokenizer().lcut(part)
    return tokens


def _is_sure(text: str) -> bool:
    """Tell whether rjieba is known to cut a text as jieba does."""
    return _SURE.fullmatch(text) is not None and _TIE.search(text) is None
