"""Tables → the page: one self-contained file, or a folder whose data is loaded when it is needed.

Python only lays tables out as data (`core.py`, `blocks.py`) and writes what is seen without JavaScript
(`static.py`); how things look is in `template.html`, `styles.css` and `script/`, every word of both languages
in `words.json`. Charts are Vega-Lite: their specifications come from `show/charts.py`, as those of papers do,
and stand in the core; the browser fills in rows and words and draws them by a program that the page carries
(`runtime.py`) and that runs when the first of them is needed. Drawn by the page's own script are only the
small graphics in rows: intervals in the cells of tables, and reports as strips of sentences, of which there
are hundreds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from string import Template
from typing import IO, Any

from gongkai.classify.classifier import codebook_of
from gongkai.errors import MeasureError
from gongkai.measure.shares.prevalence import Method
from gongkai.show.captions import title_of
from gongkai.show.page.blocks import Blocks
from gongkai.show.page.core import about_model, core
from gongkai.show.page.corpus import Corpus, read_corpus
from gongkai.show.page.runtime import packed, runtime
from gongkai.show.page.static import overview
from gongkai.store.run import manifest, refuse_existing, version, whole_file, whole_folder, write_json
from gongkai.tables.schema import Labels, Measures, Predictions, Table, records
from gongkai.tables.scheme.codebook import Codebook, Words
from gongkai.tables.scheme.codebooks import given_or_shipped

MAX_REPORTS = 1000
"""Reports that one file holds with their text, evenly drawn where there are more; shares always cover all."""
_HERE = Path(__file__).parent
_SCRIPTS = ("dom", "data", "charts", "overview", "agencies", "agency", "report", "search", "about", "main")


def write_page(
    tables: str | Path,
    predictions: Predictions | str | Path,
    output: str | Path,
    *,
    level: float = 0.95,
    overwrite: bool = False,
    codebook: Codebook | None = None,
    model: str | Path | None = None,
    labels: Labels | None = None,
    method: Method | None = None,
    followed: Table | None = None,
    copies: Table | None = None,
) -> Path:
    """Write the page that shows a corpus: overview, agencies, every report with its sentences, and search.

    Nothing of it needs a network or a server. What becomes of promises and which text is copied is looked
    for here up to 30,000 sentences; above, it is shown where it is given.

    Args:
        tables: Tables folder of `build`.
        predictions: `predictions` rows of one model on those tables, or a folder that `predict` wrote.
        output: An .html file, for some hundred reports; any other name is made a folder, with `index.html`
            and the text of the reports apart.
        level: Coverage of the intervals.
        overwrite: Replace what is there.
        codebook: The scheme; unless given the model's, else one that ships and has the predictions' labels.
        model: Folder of the model, so that the page says what it was trained on and how good it is.
        labels: `labels` rows of a coded sample that corrects the shares, as in `prevalence`; a share
            of a group with too few coded sentences is counted, and says so. No ranks are shown then.
        method: See `prevalence`; unless given `dsl` with labels, else `count`.
        followed: What `followup` gave.
        copies: What `copied` gave.

    Returns:
        The file to open.

    Raises:
        SchemaError: The tables folder is not one.
        MeasureError: The predictions do not belong to the tables, lack a label, or are of several models; the
            labels do not fit, or the method and the labels do not.
        GongkaiError: The file may not be written, or `model` is no model folder.
    """
    target = Path(output)
    refuse_existing(target, overwrite=overwrite)  # better said now than after the work
    is_file = target.suffix.lower() in (".html", ".htm")
    about = about_model(Path(model) if model is not None else None)
    if codebook is None and model is not None:
        codebook = codebook_of(Path(model), ())
    method = method or ("count" if labels is None else "dsl")
    if (method == "count") != (labels is None):
        raise MeasureError(f"method {method}: labels and one of adjusted, ppi or dsl go together")
    with read_corpus(tables, predictions, codebook, level, labels, method, followed, copies) as corpus:
        blocks = Blocks(corpus, target.parent if is_file else target)
        if is_file:
            with (
                whole_file(target, overwrite=overwrite) as hidden,
                hidden.open("w", encoding="utf-8") as stream,
            ):
                _write_file(stream, corpus, blocks, about)
            return target
        with whole_folder(target, overwrite=overwrite) as folder:
            _write_folder(folder, corpus, blocks, about)
            write_json(folder / "run.json", manifest("page", {"level": level, "method": corpus.method}, {}))
    return target / "index.html"


def _write_file(stream: IO[str], corpus: Corpus, blocks: Blocks, about: dict[str, Any]) -> None:
    """Write one file: the text of all reports, or of an even sample of the agencies."""
    chosen = _sample(corpus)
    place = [-1] * len(corpus.agencies)
    before, after = _document(in_file=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as texts:  # the core stands first, but is known last
        for number, held in enumerate(blocks):
            kept = {agency: text for agency, text in held.items() if agency in chosen}
            for agency in kept:
                place[agency] = number
            if kept:
                texts.write(f'<script type="application/json" id="block-{number}">{_json(kept)}</script>\n')
        made = core(corpus, about, blocks.tally) | {"block": place, "version": version()}
        if len(chosen) < len(corpus.agencies):
            shown = sum(len(corpus.agencies[k][1]) for k in chosen)
            made["sample"] = [shown, len(corpus.reports)]
        stream.write(before.replace(_STATIC, overview(made)))
        stream.write(f'<script type="application/json" id="core">{_json(made)}</script>\n')
        texts.seek(0)
        shutil.copyfileobj(texts, stream)
        stream.write(after)


def _write_folder(folder: Path, corpus: Corpus, blocks: Blocks, about: dict[str, Any]) -> None:
    """Write `index.html`, and below `data` the core and the blocks, as scripts that hand them over."""
    (folder / "data").mkdir()
    place = [-1] * len(corpus.agencies)
    for number, held in enumerate(blocks):
        for agency in held:
            place[agency] = number
        _write_data(folder, number, held)
    made = core(corpus, about, blocks.tally) | {"block": place, "version": version()}
    _write_data(folder, "years", made["shares"].pop("agency,year"))  # most of all shares, seldom wanted
    _write_data(folder, "core", made)
    (folder / "data" / "vega.js").write_text(runtime(), encoding="utf-8")
    before, after = _document(in_file=False)
    (folder / "index.html").write_text(before.replace(_STATIC, overview(made)) + after, encoding="utf-8")


def _write_data(folder: Path, key: str | int, value: object) -> None:
    text = f"gongkai({json.dumps(key)},{_json(value)})"
    (folder / "data" / f"{key}.js").write_text(text, encoding="utf-8")


def _sample(corpus: Corpus) -> set[int]:
    """Draw agencies evenly until their reports are `MAX_REPORTS`: an agency's years stay together."""
    total = len(corpus.reports)
    kept: set[int] = set()
    seen = taken = 0
    for number, (_, rows) in enumerate(corpus.agencies):
        seen += len(rows)
        if total <= MAX_REPORTS or taken + len(rows) <= seen * MAX_REPORTS / total:
            kept.add(number)
            taken += len(rows)
    return kept


_STATIC, _DATA = "<!-- static -->", "<!-- data -->"


def _json(value: object) -> str:
    """Return JSON that may stand inside a script: no text can end it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def script() -> str:
    """Return the page's whole script."""
    words = (_HERE / "words.json").read_text(encoding="utf-8")
    parts = [(_HERE / "script" / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return f'"use strict";\n(() => {{\nconst WORDS = {_json(json.loads(words))};\n{"".join(parts)}}})();\n'


def _document(*, in_file: bool) -> tuple[str, str]:
    """Return the page before and behind its data; only its own scripts may run."""
    code, styles = script(), (_HERE / "styles.css").read_text(encoding="utf-8")
    if in_file:
        data = f'{_DATA}<script type="text/plain" id="runtime">{packed()}</script>'
        own = f"'sha256-{_digest(code)}' 'sha256-{_digest(runtime())}'"
    else:
        data = f'<script>{_QUEUE}</script>\n<script src="data/core.js"></script>{_DATA}'
        own = f"'sha256-{_digest(code)}' 'sha256-{_digest(_QUEUE)}' 'self' file:"
    template = Template((_HERE / "template.html").read_text(encoding="utf-8"))
    text = template.substitute(scripts=own, styles=styles, static=_STATIC, data=data, code=code)
    before, _, after = text.partition(_DATA)
    return before, after


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


_QUEUE = "window.gongkai=(k,v)=>{(window.gongkai.held??=new Map()).set(k,v)}"
"""Takes what data files hand over, from before the script runs."""


def key_numbers(whole: Measures, codebook: Codebook | None = None) -> list[tuple[Words, str]]:
    """Return (name, value with interval) of each measure of all sentences together."""
    scheme = given_or_shipped(codebook)
    names = {
        (q.measure, q.label): q.share if str(q.share) else title_of(q.measure, q.label, scheme)
        for q in scheme.quantities
    }
    kept = [((str(row["measure"]), str(row["label"])), _share(row)) for row in records(whole)]
    return [(names.get(key, Words(" ".join(key))), share) for key, share in kept]


def _share(row: dict[str, object]) -> str:
    value, low, high = (row[k] for k in ("value", "low", "high"))
    if not isinstance(value, float) or value != value:
        return "undefined"
    if low != low or low is None:
        return f"{value:.1%}"  # too few units for an interval
    return f"{value:.1%} [{low:.1%}, {high:.1%}]"
