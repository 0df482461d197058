"""A codebook as a value: labels, when each is coded, what is derived from them (`codebooks.py` reads it).

Everything that samples, codes, trains, predicts and measures follows a `Codebook` and knows no label by name.
A label is `binary` or a `choice` among named classes. Both are handled as *indicators*, questions with yes or
no: a binary label is one (`promise`), a choice has one per class (`tone=mild`). A label with `only_if` is
coded only where another indicator is true; its shares are shares of those sentences.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

YES = frozenset("1 1.0 true t yes y 是 √ ✓ ✔ ☑ 对 有".split())
"""Every way in which people write yes, whatever the file (small letters, half width)."""
NO = frozenset("0 0.0 false f no n 否 × ✗ ✘ ☐ 错 无".split())

EMPTY = frozenset(("", "none", "nan", "<na>", "nat"))
"""An empty cell, as spreadsheets and pandas say it."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in English and Chinese; either may stand for both."""

    en: str = ""
    zh: str = ""

    def __str__(self) -> str:
        return " ".join(dict.fromkeys(w for w in (self.en, self.zh) if w))

    def said(self, language: str) -> str:
        """Return the text in `en` or `zh`, or what there is."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)

    def __add__(self, more: Words) -> Words:
        """Return the text with more behind it."""
        return Words(self.said("en") + more.en, self.said("zh") + more.zh)

    def filled(self, name: str) -> Words:
        """Return the text in both languages, one for the other, the name where there is neither."""
        return Words(self.said("en") or name, self.said("zh") or name)


@dataclass(frozen=True, slots=True)
class Class:
    """One class of a choice."""

    name: str
    title: Words = Words()
    definition: Words = Words()


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence with its code."""

    text: str
    value: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """One label.

    Attributes:
        only_if: The indicator that must be true for this label to be coded, empty for none.
        sections: Sections whose sentences are coded, empty for all that are counted.
    """

    name: str
    classes: tuple[Class, ...] = ()
    title: Words = Words()
    share: Words = Words()
    definition: Words = Words()
    rules: tuple[Words, ...] = ()
    examples: tuple[Example, ...] = ()
    only_if: str = ""
    sections: tuple[str, ...] = ()

    @property
    def is_choice(self) -> bool:
        """Whether it is a choice among classes."""
        return bool(self.classes)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; none of a binary label."""
        return tuple(c.name for c in self.classes)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Its questions with yes or no."""
        return tuple(f"{self.name}={v}" for v in self.class_names) or (self.name,)

    @property
    def expected(self) -> str:
        """What a code may be, to say in a message."""
        return f"{', '.join(self.class_names)} or empty" if self.is_choice else "1, 0 or empty"

    def code_of(self, value: object) -> bool | str | None:
        """Read a code as people and spreadsheets write it; empty is None.

        Raises:
            ValueError: It is none.

        >>> Label("x").code_of(" √ "), Label("x").code_of("1.0"), Label("x").code_of("")
        (True, True, None)
        """
        text = unicodedata.normalize("NFKC", str(value)).strip().casefold()
        if text in EMPTY:
            return None
        if not self.is_choice:
            if text not in YES and text not in NO:
                raise ValueError(f"{self.name} is '{value}'; expected {self.expected}")
            return text in YES
        for found in self.classes:
            names = (found.name, found.title.en, found.title.zh)
            spelt = {unicodedata.normalize("NFKC", n).strip().casefold() for n in names if n}
            if text in spelt or text.removesuffix(".0") in spelt:
                return found.name
        raise ValueError(f"{self.name} is '{value}'; expected {self.expected}")


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is estimated: sentences with all of `top` among those with all of `bottom` (none: all sentences).

    `label` is how the row of measures calls it: the indicator, or those of a derived measure joined by `+`.
    """

    measure: str
    label: str
    top: tuple[str, ...]
    bottom: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    title: Words = Words()
    share: Words = Words()


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sentence is called where its labels are shown together."""

    key: str
    title: Words
    has: tuple[str, ...]
    lacks: tuple[str, ...]
    colour: str

    def fits(self, chosen: Mapping[str, bool]) -> bool:
        """Whether indicators, true or false, are of this kind."""
        return all(chosen.get(i) for i in self.has) and not any(chosen.get(i) for i in self.lacks)


@dataclass(frozen=True, slots=True)
class Codebook:
    """A scheme of labels.

    Attributes:
        uncounted_sections: Sections whose sentences are neither drawn nor counted.
        follow: The indicator of promises, whose sentences `followup` looks for in the next report. Training
            shows it copies told as done (`classify/features/swaps.py`). Empty for none.
        portable: The indicator that is true of a sentence which another agency could have written: one named
            particular makes it false. Training shows it altered copies (`classify/features/swaps.py`). Empty
            for none.
        rule_baseline: A file of the package with a readable rule to compare models with, empty for none.
        source: The TOML it was read from, and `file` its path.
    """

    name: str
    version: str
    labels: tuple[Label, ...]
    unit: str = "sentence"
    title: Words = Words()
    uncounted_sections: tuple[str, ...] = ("preamble",)
    derived: tuple[Quantity, ...] = ()
    kinds: tuple[Kind, ...] = ()
    follow: str = ""
    portable: str = ""
    rule_baseline: str = ""
    source: str = field(default="", repr=False, compare=False)
    file: str = field(default="codebook", repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the labels, in order."""
        return tuple(label.name for label in self.labels)

    @property
    def indicators(self) -> tuple[str, ...]:
        """All questions with yes or no, in order."""
        return tuple(i for label in self.labels for i in label.indicators)

    @property
    def stamp(self) -> str:
        """Name and version, as labels and models carry it."""
        return f"{self.name} {self.version}"

    def of(self, name: str) -> Label:
        """Return a label by its name, or by one of its indicators."""
        found = {label.name: label for label in self.labels}
        return found[name] if name in found else found[name.split("=", 1)[0]]

    def conditions(self, name: str) -> tuple[str, ...]:
        """Return the indicators that must be true for a label to be coded, the nearest last."""
        above = self.of(name).only_if
        return (*self.conditions(above), above) if above else ()

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What is measured: the share of each indicator, then what is derived."""
        found = []
        for label in self.labels:
            under = self.conditions(label.name)
            sections = next((self.of(n).sections for n in (label.name, *under) if self.of(n).sections), ())
            for indicator in label.indicators:
                top, title = (*under, indicator), self.title_of(indicator)
                share = self._of_class(label.share, indicator) if str(label.share) else label.share
                found.append(Quantity("prevalence", indicator, top, under, sections, title, share))
        return (*found, *self.derived)

    def title_of(self, indicator: str) -> Words:
        """Return what an indicator is called: its label, of a choice with the class."""
        label = self.of(indicator)
        return self._of_class(label.title.filled(label.name), indicator)

    def _of_class(self, words: Words, indicator: str) -> Words:
        """Return words about a label, of a choice with the indicator's class behind them."""
        value = indicator.partition("=")[2]
        shown = [c.title.filled(value) for c in self.of(indicator).classes if c.name == value]
        return Words(f"{words.en}: {shown[0].en}", f"{words.zh}：{shown[0].zh}") if shown else words

    def place_of(self, indicator: str) -> str:
        """Return where the codebook's text names a label or class, e.g. `my.toml, line 7`."""
        label, _, value = indicator.partition("=")
        lines = self.source.splitlines()
        start = next((k for k, line in enumerate(lines) if f"[labels.{label}]" in line), 0)
        quoted = (f'"{value}"', f"'{value}'")
        found = next((k for k in range(start, len(lines)) if any(q in lines[k] for q in quoted)), start)
        return f"{self.file}, line {found + 1}"

    def accepts(self, stamp: object) -> bool:
        """Whether labels so stamped are of this codebook; 0.1.0 wrote the version alone, or nothing."""
        return stamp is None or stamp != stamp or str(stamp) in ("", self.version, self.stamp)


def codes_in_order(codebook: Codebook, codes: Mapping[str, object]) -> str:
    """Return what is wrong with the codes of one sentence taken together, empty where nothing is."""
    for label in codebook.labels:
        if codes.get(label.name) is None or not label.only_if:
            continue
        above, _, value = label.only_if.partition("=")
        given = codes.get(above)
        if given is None or (given != value if value else not given):
            return f"{label.name} is coded, but only where {label.only_if}; {above} is {_shown(given)}"
    return ""


def _shown(code: object) -> str:
    return "empty" if code is None else str(int(code)) if isinstance(code, bool) else str(code)
