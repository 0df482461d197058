"""A private jieba tokenizer with our user dictionary, and stop words.

The tokenizer is our own instance: importing this module, or using it, leaves the global `jieba.dt` of the
process alone.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING

from gongkai.run import bundled

if TYPE_CHECKING:
    import jieba
    import rjieba

# jieba's own pattern of a block (`re_han_default`); a block is cut without regard to its neighbours.
_BLOCK = re.compile(r"([\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]+)")
_HAN_BLOCK = re.compile(r"[\u4E00-\u9FD5]+")
_HAN, _LATIN = r"\u4E00-\u9FD5", r"a-zA-Z0-9+#&._%\-"
# Marks that both cut off as single tokens; the property test holds them to it.
_MARKS = (
    r"\u0021\u0022$'()*,/:;<=>?@\[\\\]^`{|}~\u00a1-\u00ff\u2010-\u2027\u2030-\u203e①-⑳"
    r"\u3001-\u301f！-～●■◆★℃×\u3000 \n\t"
)
_PLAIN = re.compile(f"[{_HAN}{_MARKS}]*")
_MIXED = re.compile(f"[{_HAN}{_LATIN}{_MARKS}]*")
_MIXED_BLOCK = re.compile(f"(?<![{_HAN}{_LATIN}])([{_HAN}]*[{_LATIN}][{_HAN}{_LATIN}]*)")
_STAND_IN = "\u4e04"
"""A character in no word of the dictionary: to the route through a block it weighs what a digit weighs."""
_LATIN_RUN = re.compile(r"[a-zA-Z0-9+#&._%\-]+")
# 大大大 is 大大|大 or 大|大大 with one probability; which sum is larger then, rounding decides.
_TIE = re.compile(f"([{_HAN}])\\1\\1")
_LETTER = re.compile("[a-zA-Z]")
_DIGITS = str.maketrans("123456789", "0" * 9)
_SPACE = re.compile(r"\s")


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

    With the extra `fast`, rjieba does the work, and the tokens are the same. Text of Han characters and known
    marks is its own. Of a block with Latin letters and digits it gives the route through the words only, each
    of these characters replaced by one that is in no word, so that the sums of probabilities are jieba's,
    addition by addition; what the route leaves single goes to jieba's own HMM, as in jieba. Where a word of
    the dictionary has Latin letters (T恤), and for other characters, each block is cut by whichever is sure.

    >>> tokenize("依申请公开政府信息")
    ['依申请公开', '政府信息']
    """
    fast = _accelerator()
    if fast is None or _TIE.search(text):
        tokens = tokenizer().lcut(text)
    elif _PLAIN.fullmatch(text):
        tokens = fast.cut(text)
    elif _MIXED.fullmatch(text) and _STAND_IN not in text and _is_free_of_latin_words(text):
        tokens = []
        for index, part in enumerate(_MIXED_BLOCK.split(text)):
            if index % 2:
                tokens += _cut_mixed(part, fast.cut(_LATIN_RUN.sub(_stand_in, part), False))
            elif part:
                tokens += fast.cut(part)
    else:
        tokens = []
        for block in _BLOCK.split(text):
            tokens += fast.cut(block) if _HAN_BLOCK.fullmatch(block) else tokenizer().lcut(block)
    return [token for token in tokens if not token.isspace()] if _SPACE.search(text) else tokens


def _stand_in(match: re.Match[str]) -> str:
    return _STAND_IN * (match.end() - match.start())


def _cut_mixed(block: str, route: list[str]) -> list[str]:
    """Give the words of a route through a block; runs of single characters are cut by the HMM."""
    tokens: list[str] = []
    start = end = 0  # of the run of single characters
    for word in route:
        size = len(word)
        if size == 1:
            end += 1
            continue
        if end > start:
            tokens += _cut_singles(block[start:end])
        tokens.append(word)
        start = end = end + size
    if end > start:
        tokens += _cut_singles(block[start:end])
    return tokens


def _cut_singles(run: str) -> list[str]:
    """Cut a run of characters that the route left single, as `jieba.Tokenizer` does."""
    if len(run) == 1 or run.isdigit():
        return [run]
    ends = _ends_of(run.translate(_DIGITS))
    return [run[a:b] for a, b in itertools.pairwise(ends)]


@functools.lru_cache(maxsize=1 << 16)
def _ends_of(run: str) -> tuple[int, ...]:
    """Return where the words of such a run end, 0 first; to jieba one digit is as good as another there."""
    from jieba import finalseg

    words = run if tokenizer().FREQ.get(run) else finalseg.cut(run)
    return (0, *itertools.accumulate(map(len, words)))


def _is_free_of_latin_words(text: str) -> bool:
    """Tell whether no word of the dictionary that holds a Latin character stands in a text."""
    lettered, others = _latin_words()
    return not any(word in text for word in others) and not (_LETTER.search(text) and lettered.search(text))


@functools.cache
def _latin_words() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return a pattern of the words with letters, and the words with other Latin characters only (1号店)."""
    # Beginnings of words are in the table too, with no frequency; they weigh nothing.
    words = [word for word, frequency in tokenizer().FREQ.items() if frequency and _LATIN_RUN.search(word)]
    lettered = "|".join(re.escape(word) for word in words if _LETTER.search(word))
    return re.compile(lettered or "(?!)"), tuple(word for word in words if not _LETTER.search(word))


@functools.cache
def stop_words() -> frozenset[str]:
    """Return the function words and marks of `stopwords.txt`."""
    lines = bundled("corpus/lexicon/stopwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
