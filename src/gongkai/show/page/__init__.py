"""Tables → the page: one self-contained file, or a folder whose data is loaded when it is needed.

Python only lays tables out as data (`assemble.py`, `blocks.py`) and writes what is seen without JavaScript
(`static.py`); how things look is in `template.html`, `styles.css` and `script/`, every word of both languages
in `words.json`. The script draws the charts itself: all of it is a tenth of the runtime that Vega-Lite needs.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from gongkai.show.page.assemble import Corpus, about_model, agencies_of, core, read_corpus
from gongkai.show.page.blocks import Blocks
from gongkai.show.page.static import overview
from gongkai.store.run import manifest, version, whole_file, whole_folder, write_json
from gongkai.tables.codebooks import given_or_shipped
from gongkai.tables.predicted import scheme_of
from gongkai.tables.schema import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Measures, Predictions, Table

MAX_REPORTS = 1000
"""Reports that one file holds with their text, evenly drawn where there are more; shares always cover all."""
BLOCK = 8_000
"""Sentences of a block, about: a file of some hundred kilobytes, which opens at once."""
_HERE = Path(__file__).parent
_SCRIPTS = ("dom", "data", "charts", "overview", "agencies", "agency", "report", "search", "about", "main")


def write_page(
    tables: str | Path,
    predictions: Predictions,
    output: str | Path,
    *,
    level: float = 0.95,
    overwrite: bool = False,
    codebook: Codebook | None = None,
    model: str | Path | None = None,
    followed: Table | None = None,
    copies: Table | None = None,
) -> Path:
    """Write the page that shows a corpus: overview, agencies, every report with its sentences, and search.

    Nothing of it needs a network or a server. What becomes of promises and which text is copied is looked
    for here up to 60,000 sentences; above, it is shown where it is given.

    Args:
        tables: Tables folder of `build`.
        predictions: `predictions` rows of one model on those tables.
        output: An .html file, for some hundred reports; any other name is made a folder, with `index.html`
            and the text of the reports apart.
        level: Coverage of the intervals.
        overwrite: Replace what is there.
        codebook: The scheme; unless given the one that ships, where the predictions' labels are its.
        model: Folder of the model, so that the page says what it was trained on and how good it is.
        followed: What `followup` gave.
        copies: What `copied` gave.

    Returns:
        The file to open.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions do not belong to the tables, lack a label, or are of several models.
        GongkaiError: The file may not be written, or `model` is no model folder.
    """
    target = Path(output)
    is_file = target.suffix.lower() in (".html", ".htm")
    about = about_model(Path(model) if model is not None else None)
    corpus = read_corpus(tables, predictions, scheme_of(predictions, codebook), level, followed, copies)
    agencies = agencies_of(corpus)
    made = core(corpus, agencies, about)
    shown = agencies
    if is_file and len(made["reports"]) > MAX_REPORTS:
        shown = _sample(agencies)
        made["sample"] = [sum(len(g) for _, g in shown), len(made["reports"])]
    blocks = _blocks(corpus, agencies, shown, target.parent if is_file else target)
    place = {number: block for block, (numbers, _) in enumerate(blocks) for number in numbers}
    made["block"] = [place.get(number, -1) for number in range(len(agencies))]
    made["version"] = version()
    static = overview(made)
    if is_file:
        with whole_file(target, overwrite=overwrite) as hidden:
            with hidden.open("w", encoding="utf-8") as stream:
                before, after = _document(made, static, in_file=True).split(_DATA)
                stream.write(before)
                for number, (_, text) in enumerate(blocks):
                    stream.write(f'<script type="application/json" id="block-{number}">{text()}</script>\n')
                stream.write(after)
        return target
    with whole_folder(target, overwrite=overwrite) as folder:
        (folder / "data").mkdir()
        (folder / "data" / "core.js").write_text(f'gongkai("core",{_json(made)})', encoding="utf-8")
        for number, (_, text) in enumerate(blocks):
            (folder / "data" / f"{number}.js").write_text(f"gongkai({number},{text()})", encoding="utf-8")
        page = _document(made, static, in_file=False).replace(_DATA, "")
        (folder / "index.html").write_text(page, encoding="utf-8")
        write_json(folder / "run.json", manifest("page", {"level": level}, {}))
    return target / "index.html"


_DATA = "<!-- blocks -->"


def _blocks(
    corpus: Corpus, agencies: list[Any], shown: list[Any], home: Path
) -> list[tuple[list[int], Callable[[], str]]]:
    """Return (numbers of agencies, a function that makes their text), so that one is held at a time."""
    made = Blocks(corpus, shown, home)
    order = {name: number for number, (name, _) in enumerate(agencies)}
    groups: list[list[int]] = [[]]
    size = 0
    for number, (_, group) in enumerate(shown):
        if size and size + int(group["n_sentences"].sum()) > BLOCK:
            groups.append([])
            size = 0
        groups[-1].append(number)
        size += int(group["n_sentences"].clip(0, 10_000).sum()) + 1

    def text(numbers: list[int]) -> Callable[[], str]:
        return lambda: _json({str(order[shown[n][0]]): made.agency(n) for n in numbers})

    return [([order[shown[n][0]] for n in numbers], text(numbers)) for numbers in groups if numbers]


def _sample(agencies: list[Any]) -> list[Any]:
    """Draw whole agencies evenly until their reports are `MAX_REPORTS`: years stay beside each other."""
    total = sum(len(group) for _, group in agencies)
    kept, seen, taken = [], 0, 0
    for name, group in agencies:
        seen += len(group)
        if taken + len(group) <= seen * MAX_REPORTS / total:
            kept.append((name, group))
            taken += len(group)
    return kept


def _json(value: object) -> str:
    """Return JSON that may stand inside a script: no text can end it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def script() -> str:
    """Return the page's whole script."""
    words = (_HERE / "words.json").read_text(encoding="utf-8")
    parts = [(_HERE / "script" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return f'"use strict";\n(() => {{\nconst WORDS = {_json(json.loads(words))};\n{"".join(parts)}}})();\n'


def _document(made: dict[str, Any], static: str, *, in_file: bool) -> str:
    """Return the page with its data in it, or with a reference to it; only its own scripts may run."""
    code, styles = script(), (_HERE / "styles.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    own = "" if in_file else " 'self' file:"
    if in_file:
        data = f'<script type="application/json" id="core">{_json(made)}</script>\n{_DATA}'
    else:
        data = f'<script>{_QUEUE}</script>\n<script src="data/core.js"></script>{_DATA}'
        queue = base64.b64encode(hashlib.sha256(_QUEUE.encode()).digest()).decode()
        own += f" 'sha256-{queue}'"
    template = Template((_HERE / "template.html").read_text(encoding="utf-8"))
    return template.substitute(
        scripts=f"'sha256-{digest}'{own}", styles=styles, static=static, data=data, code=code
    )


_QUEUE = "window.gongkai=(k,v)=>{(window.gongkai.held??=new Map()).set(k,v)}"
"""Takes what data files hand over, from before the script runs."""


def key_numbers(whole: Measures, codebook: Codebook | None = None) -> list[tuple[str, str]]:
    """Return (name, value with interval) of each measure of all sentences together."""
    names = {
        (q.measure, q.label): q.share or f"{q.title} ({' + '.join(q.bottom) or 'of all sentences'})"
        for q in given_or_shipped(codebook).quantities
    }
    kept = [((str(row["measure"]), str(row["label"])), _share(row)) for row in records(whole)]
    return [(names.get(key, " ".join(key)), share) for key, share in kept]


def _share(row: dict[str, object]) -> str:
    value, low, high = (row[k] for k in ("value", "low", "high"))
    if not isinstance(value, float) or value != value:
        return "undefined"
    if low != low or low is None:
        return f"{value:.1%}"  # too few units for an interval
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"
