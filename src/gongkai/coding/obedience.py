"""Does a language model follow the codebook, or what it believes the labels mean?

Behavioural tests after Halterman & Keith, "Codebook LLMs" (Political Analysis, 2025): the codebook is changed
in ways that must, or must not, change the codes, and no code by people is needed. Prompts and answers go the
way of `machine.py` and are kept like its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from gongkai.coding.exchange import task_rows
from gongkai.coding.machine import Machine, Tally, answered, template_text
from gongkai.measure.inference.intervals import wilson
from gongkai.tables.scheme.codebook import Codebook, Label, Words
from gongkai.tables.scheme.codebooks import given_or_shipped

Codes = Mapping[str, object]
COLUMNS = ("test", "label", "n", "share", "low", "high", "expected")
"""Columns of the table; `share` is of `n` answers, with Wilson's interval (each answer one draw)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed codebook, and how its codes are said in the words of the original.

    `names` maps its labels to the original's; `codes` maps, by the original's label, its classes likewise.
    """

    test: str
    codebook: Codebook
    names: Mapping[str, str]
    codes: Mapping[str, Mapping[object, object]]
    expected: str

    def back(self, codes: Codes) -> dict[str, object]:
        """Return codes in the words of the original."""
        said = {self.names[name]: code for name, code in codes.items()}
        return {name: self.codes.get(name, {}).get(code, code) for name, code in said.items()}


SAME = "as the plain codebook"


def variants(codebook: Codebook) -> Iterator[Variant]:
    """Yield the codebook's variants: reordered, with neutral names, with names swapped, with names alone.

    Names are swapped among the binary labels, and among the classes of a choice. What is said about a label
    or class stays with what it means.
    """
    labels = codebook.labels
    own = {name: name for name in codebook.names}
    turned = tuple(replace(label, classes=label.classes[::-1]) for label in _reversed(labels))
    yield Variant("reordered", replace(codebook, labels=turned), own, {}, SAME)

    neutral = {label.name: f"label_{number}" for number, label in enumerate(labels, start=1)}
    classes = {
        label.name: {c: f"class_{k}" for k, c in enumerate(label.class_names, start=1)} for label in labels
    }
    yield _renamed("neutral names", codebook, neutral, classes)

    binary = [label.name for label in labels if not label.is_choice]
    moved = own | dict(zip(binary, binary[1:] + binary[:1], strict=True))
    rotated = {
        label.name: dict(zip(label.class_names, label.class_names[1:] + label.class_names[:1], strict=True))
        for label in labels
    }
    if len(binary) > 1 or any(label.is_choice for label in labels):
        yield _renamed("names swapped", codebook, moved, rotated)

    bare = tuple(
        replace(
            label, definition=Words(), rules=(), examples=(),
            classes=tuple(replace(c, definition=Words()) for c in label.classes),
        )
        for label in labels
    )  # fmt: skip
    yield Variant("names alone", replace(codebook, labels=bare), own, {}, "less than by the codebook")


def _reversed(labels: Sequence[Label]) -> list[Label]:
    """Return the labels from last to first, each still behind the one that it depends on."""
    order: list[Label] = []
    rest = list(labels)[::-1]
    while rest:
        named = {label.name for label in order}
        free = [label for label in rest if not label.only_if or label.only_if.split("=")[0] in named]
        order.append(free[0])
        rest.remove(free[0])
    return order


def _renamed(
    test: str, codebook: Codebook, names: Mapping[str, str], classes: Mapping[str, Mapping[str, str]]
) -> Variant:
    """Return a variant with other names of labels and classes; titles, which would tell, go."""

    def changed(label: Label) -> Label:
        own = classes[label.name]
        above, _, value = label.only_if.partition("=")
        condition = names.get(above, "") + (f"={classes[above][value]}" if value else "")
        return replace(
            label, name=names[label.name], title=Words(), share=Words(), only_if=condition,
            classes=tuple(replace(c, name=own[c.name], title=Words()) for c in label.classes),
            examples=tuple(replace(e, value=own.get(e.value, e.value)) for e in label.examples),
        )  # fmt: skip

    made = replace(
        codebook, labels=tuple(map(changed, codebook.labels)), title=Words(), derived=(), name="codebook"
    )
    back: dict[str, dict[object, object]] = {
        label: {new: old for old, new in own.items()} for label, own in classes.items()
    }
    return Variant(test, made, {new: old for old, new in names.items()}, back, SAME)


def told(codebook: Codebook) -> list[tuple[str, str, str, object]]:
    """Return what the codebook itself decides: (test, label, sentence, code).

    Its examples, and of a choice the definition of each class.
    """
    found: list[tuple[str, str, str, object]] = []
    for label in codebook.labels:
        for example in label.examples:
            found.append(("its own examples", label.name, example.text, label.code_of(example.value)))
        for each in label.classes:
            if text := each.definition.zh or each.definition.en:
                found.append(("its own definitions", label.name, text, each.name))
    return found


def obedience(
    tasks: str | Path,
    machine: Machine,
    *,
    cache: str | Path,
    codebook: Codebook | None = None,
    template: str | None = None,
    limit: int | None = None,
    say: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, Tally]:
    """Test whether a language model follows a codebook.

    Args:
        tasks: A file of `write_tasks`; some fifty to two hundred sentences.
        machine: The model, and where it is asked.
        cache: Folder in which answers are kept.
        codebook: The scheme; the one that ships unless given.
        template: Of the prompt; `template_text()` unless given.
        limit: Only the first N tasks.
        say: Called with answers had and wanted, as they come.

    Returns:
        A row per test and label, and what was done. `valid`: answers that are codes of the codebook.
        `reordered`, `neutral names`, `names swapped`, `names alone`: codes equal to those by the plain
        codebook, of sentences where both are codes. `its own examples`, `its own definitions`: given as
        sentences, codes as the codebook says. `n` answers, their `share`, a 95 % interval (Wilson; each
        answer one draw) and what is `expected`.

    Raises:
        SchemaError: See `code_by_machine`.
        GongkaiError: See `code_by_machine`.
    """
    scheme = given_or_shipped(codebook)
    text = template_text() if template is None else template
    rows: Sequence[Mapping[str, Any]] = [row for _, row in task_rows(tasks, scheme)][:limit]
    changed, known = list(variants(scheme)), told(scheme)
    asked = [(rows, scheme)] + [(rows, variant.codebook) for variant in changed]
    asked.append(([{"text": sentence} for _, _, sentence, _ in known], scheme))
    tally = Tally()
    plain, *others, own = answered(asked, machine, cache=cache, template=text, tally=tally, say=say)
    hits: dict[tuple[str, str, str], list[bool]] = {
        ("valid", name, "all"): [codes is not None for codes in plain] for name in scheme.names
    }
    for variant, found in zip(changed, others, strict=True):
        for name, same in _same_codes(variant, plain, found):
            hits.setdefault((variant.test, name, variant.expected), []).append(same)
    for (test, name, _, code), codes in zip(known, own, strict=True):
        if codes is not None and codes[name] is None and scheme.of(name).only_if:
            continue  # its condition was denied, which is another label's matter
        hits.setdefault((test, name, "all"), []).append(codes is not None and codes[name] == code)
    made = []
    for (test, name, expected), right in hits.items():
        share = sum(right) / len(right) if right else None
        low, high = (None, None) if share is None else wilson(share, len(right))
        made.append((test, name, len(right), share, low, high, expected))
    return pd.DataFrame(made, columns=list(COLUMNS)), tally


def _same_codes(
    variant: Variant, plain: Sequence[Codes | None], found: Sequence[Codes | None]
) -> Iterator[tuple[str, bool]]:
    """Yield for each sentence coded both ways its labels, and whether their codes are the same."""
    for before, after in zip(plain, found, strict=True):
        if before is not None and after is not None:
            back = variant.back(after)
            for name, code in before.items():
                if code is not None or back[name] is not None:
                    yield name, code == back[name]
