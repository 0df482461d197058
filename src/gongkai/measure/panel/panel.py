"""One row per agency and year: what cells, sentences and the user say of it, ready for a regression."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.agencies.series import series
from gongkai.measure.inference.groups import PLACES, with_covariates
from gongkai.measure.panel.crosswalk import crosswalk, quantities
from gongkai.measure.panel.rates import rate_pieces
from gongkai.measure.promises.followup import followup_pieces
from gongkai.measure.shares.prevalence import prevalence
from gongkai.measure.wording.reuse import reuse
from gongkai.store.run import refuse_existing, whole_file
from gongkai.tables.frames import write_frame
from gongkai.tables.predicted import scheme_of
from gongkai.tables.query import table_parts
from gongkai.tables.rows import ReportRow
from gongkai.tables.schema import SCHEMAS, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gongkai.store.steps import Steps
    from gongkai.tables.schema import Checks, Labels, Predictions, Reports, Sentences, Statistics, Table
    from gongkai.tables.scheme.codebook import Codebook

    Vector = np.ndarray[Any, np.dtype[Any]]

FORMATS = (".parquet", ".csv", ".xlsx", ".jsonl", ".dta")
_KEY = ["agency", "year"]
_REPORT = ("report_id", "region", "region_code", "level", "kind", "form", "scope", "published", "n_sentences",
           "source_path")  # fmt: skip
_BLOCKS = {"review": "review", "litigation_direct": "direct", "litigation_after_review": "after"}
_TABLES = ["requests", "disputes", "proactive", "annex"]
_CODED = ("level", "kind", "form", "scope")
"""Columns of few values: numbers with value labels in .dta."""
_RESERVED = frozenset(
    "aggregate array boolean break byte case catch class colvector complex const continue default delegate "
    "delete do double else eltypedef end enum explicit export external float for friend function global goto "
    "if in inline int local long NULL pragma protected quad rowvector short strL typedef typename using "
    "virtual with _all _b _coef _cons _n _N _pi _pred _rc _se _skip".split()
)
"""Words that Stata takes for no name."""


class Column(NamedTuple):
    """What a column of the panel holds."""

    column: str
    unit: str
    en: str
    zh: str


def panel(
    reports: Reports,
    predictions: Predictions | str | Path,
    *,
    sentences: Sentences | str | Path | None = None,
    statistics: Statistics | str | Path | None = None,
    checks: Checks | str | Path | None = None,
    labels: Labels | None = None,
    renames: Table | None = None,
    covariates: Table | None = None,
    per: Sequence[str] | None = None,
    strict: bool = False,
    level: float = 0.95,
    codebook: Codebook | None = None,
    steps: Steps | None = None,
) -> tuple[Table, Table]:
    """Make the panel: one row per agency and year, and the dictionary of its columns.

    Args:
        reports: `reports` rows; one that another stands for is left out, and those without agency or year.
            Columns of your own (`build --about`) go along.
        predictions: `predictions` rows of one model, or a folder of them.
        sentences: `sentences` rows, or a tables folder: reuse, stickiness and promises followed; without
            them these are not there.
        statistics: `statistics` rows, or a tables folder: figures and rates.
        checks: `checks` rows, or a tables folder: broken rules.
        labels: A coded sample: shares by `ppi` (or `dsl`, where it has inclusion probabilities that differ)
            stand beside the counted ones.
        renames: See `series`.
        covariates: Your columns by `agency` or `region_code` (and `year`).
        per: Columns of `covariates` to divide new requests by; see `rates`.
        strict: Rates are null where a rule that they rest on is broken.
        level: Coverage of the intervals, in (0, 1).
        codebook: The scheme; unless given the one that ships, where the predictions' labels are its. A
            column is called by its label, of a class `label_class`, or by the derived measure.
        steps: Who sums up, and looks for reused text and for promises; see `store.steps`.

    Returns:
        The panel, ordered by series and year, and its dictionary: `column, unit, en, zh`. An agency with
        several different reports of a year has one row with `n_reports` above 1; its figures and rates are
        null, because which report holds them is not known. A standard error is that of the interval's width.

    Raises:
        SchemaError: A column is missing, or `covariates` has two rows for one key.
        MeasureError: No report with agency and year; several models.
    """
    kept = reports[reports["same_as"].isna()] if "same_as" in reports.columns else reports
    kept = kept[kept["agency"].notna() & kept["year"].notna()].sort_values([*_KEY, "report_id"])
    if kept.empty:
        raise MeasureError("no report whose agency and year are known: a panel needs both")
    base, columns = _base(kept, renames)
    scheme = scheme_of(predictions, codebook)
    pieces = [_shares(predictions, labels, level, scheme, steps)]
    if sentences is not None:
        pieces.append(_lengths(sentences))
        with contextlib.suppress(MeasureError):
            pieces.append(_reuse(sentences, steps))
        with contextlib.suppress(MeasureError):
            pieces.append(_promises(sentences, predictions, scheme, statistics, steps))
    single = kept[~kept.duplicated(_KEY, keep=False)].merge(base[[*_KEY, "series_id"]], on=_KEY)
    if statistics is not None:
        pieces += [
            *_figures(single, statistics),
            _rates(single, statistics, checks, covariates, per, strict, level),
        ]
    if checks is not None:
        pieces.append(_broken(single, checks))
    table = base
    for frame, described in pieces:
        if not frame.empty:
            frame = frame.assign(agency=frame["agency"].astype(object), year=frame["year"].astype(int))
            table = table.merge(frame, on=_KEY, how="left")
            columns += [c for c in described if c.column in frame.columns]
    own = [c for c in kept.columns if c not in (*SCHEMAS["reports"].names, *PLACES)]
    for mine in (kept[["report_id", *own]] if own else None, covariates):
        if mine is not None:
            table, described = _with_covariates(table, mine)
            columns += described
    table = table.sort_values(["series_id", "year", "agency"]).reset_index(drop=True)
    dictionary = pd.DataFrame(columns, columns=list(Column._fields)).drop_duplicates("column")
    return table[dictionary["column"].tolist()], dictionary.reset_index(drop=True)


def panel_gaps(reports: Reports) -> Table:
    """Return the agency-years between an agency's first and last report of which none is held.

    Args:
        reports: `reports` rows.

    Returns:
        One row per gap: `agency, year`.
    """
    kept = reports[reports["same_as"].isna()] if "same_as" in reports.columns else reports
    held = kept[_KEY].dropna().drop_duplicates().sort_values(_KEY)
    agency, year = held["agency"].to_numpy(object), held["year"].to_numpy(int)
    between = np.where(agency[1:] == agency[:-1], np.maximum(np.diff(year) - 1, 0), 0)
    last = np.repeat(np.arange(len(between)), between)
    after = np.arange(len(last)) - np.repeat(np.cumsum(between) - between, between) + 1
    return pd.DataFrame({"agency": agency[last], "year": year[last] + after})


def _base(kept: Reports, renames: Table | None) -> tuple[Table, list[Column]]:
    ids = series(kept, renames).drop(columns=["agency", "year"])
    joined = kept[["agency", "year", *_REPORT]].merge(ids, on="report_id", validate="one_to_one")
    joined["year"] = joined["year"].astype(int)
    base = joined.drop_duplicates(_KEY).copy()
    base["n_reports"] = joined.groupby(_KEY, sort=False)["report_id"].transform("size")[base.index]
    meanings = get_type_hints(ReportRow, include_extras=True)
    own = {
        "series_id": ("id of the agency's series over renames", "机构序列号（更名后不变）"),
        "agency": ("full name of the agency, as in the report", "机构全称"),
        "year": ("the year reported on", "报告年度"),
        "series_name": ("last name of the series that is held", "序列最后名称"),
        "merged_into": ("name of the agency that it was merged into", "并入机构"),
        "parent": ("the agency above that is held", "上级机构"),
        "parent_id": ("series of the agency above", "上级机构序列号"),
        "n_reports": ("different reports held of this agency and year", "该年度报告数"),
        "note": ("forks of renames, names used too late", "说明"),
    }
    zh = {
        "report_id": "报告编号", "region": "行政区划", "region_code": "区划代码", "level": "层级",
        "kind": "机构类别", "form": "表格格式", "scope": "统计口径", "published": "发布日期",
        "n_sentences": "句数", "source_path": "文件",
    }  # fmt: skip
    described = [Column(name, "", *own[name]) for name in ("series_id", "agency", "year")]
    for name in _REPORT:
        said = getattr(meanings[name], "__metadata__", (name,))
        described.append(Column(name, "", str(said[0]), zh[name]))
    described += [Column(name, "", *own[name]) for name in list(own)[3:]]
    return base, described


def _slug(name: str) -> str:
    return re.sub(r"\W", "_", name.replace("+", "_and_"))[:20]


def _shares(
    predictions: Predictions | str | Path,
    labels: Labels | None,
    level: float,
    codebook: Codebook,
    steps: Steps | None,
) -> tuple[Table, list[Column]]:
    """Return shares by method, one column each with standard error and n."""
    known = predictions
    if not isinstance(known, str | Path):
        known = known[known["agency"].notna() & known["year"].notna()]
    quantities = {(q.measure, q.label): q for q in codebook.quantities}
    methods = ["count"]
    if labels is not None:
        drawn = labels["inclusion"].dropna() if "inclusion" in labels.columns else pd.Series(dtype=float)
        methods.append("dsl" if len(set(drawn)) > 1 else "ppi")
    wide: Table = pd.DataFrame(columns=_KEY)
    described = []
    for method in methods:
        found = prevalence(
            known, labels if method != "count" else None, by=_KEY, method=method, level=level,  # type: ignore[arg-type]
            codebook=codebook, steps=steps,
        )  # fmt: skip
        if len(models := set(found["model"].dropna())) > 1:
            raise MeasureError(
                f"expected the predictions of one model, have those of {', '.join(sorted(models))}"
            )
        found = found.dropna(subset=_KEY)
        wide = found[_KEY].drop_duplicates() if wide.empty else wide
        tail = "" if method == "count" else f"_{method}"
        for (measure, label), part in found.groupby(["measure", "label"], sort=False):
            quantity = quantities[str(measure), str(label)]
            name = _slug(str(label) if measure == "prevalence" else str(measure))
            among = " and ".join(quantity.bottom)
            of = f"{f'sentences with {among}' if among else 'all sentences'} that have {label}"
            within = "、".join(codebook.title_of(name).zh for name in quantity.bottom)
            zh = f"{f'“{within}”句中' if within else ''}“{quantity.title.zh}”句子比例"
            names = {"value": f"{name}{tail}", "error": f"{name}{tail}_se", "n": f"{name}{tail}_n"}
            wide = wide.merge(part[[*_KEY, *names]].rename(columns=names), on=_KEY, how="left")
            described += [
                Column(names["value"], "share", f"share of {of}, method {method}", f"{zh}（{method}）"),
                Column(names["error"], "share", f"standard error of {names['value']}", f"{zh}的标准误"),
                Column(names["n"], "sentences", f"denominator of {names['value']}", f"{zh}的分母"),
            ]
    return wide, described


def _lengths(sentences: Sentences | str | Path) -> tuple[Table, list[Column]]:
    lengths = []
    for part in table_parts(sentences, "sentences", [*_KEY, "text"]):
        counted = part.select(_KEY).append_column("characters", pc.utf8_length(part["text"]))
        lengths.append(counted.group_by(_KEY).aggregate([("characters", "sum")]))
    joined = pa.concat_tables(lengths, promote_options="permissive").rename_columns([*_KEY, "characters"])
    found = joined.group_by(_KEY).aggregate([("characters", "sum")]).rename_columns([*_KEY, "characters"])
    known = found.filter(pc.and_(pc.is_valid(found["agency"]), pc.is_valid(found["year"]))).to_pandas()
    return known, [Column("characters", "characters", "length of all sentences", "字数")]


def _reuse(sentences: Sentences | str | Path, steps: Steps | None) -> tuple[Table, list[Column]]:
    said = {"shared": ("words in text that other agencies of the year have", "与其他机构共有文字比例"),
            "sticky": ("words in text of the own last report", "沿用上年文字比例"),
            "redundant": ("words in text that stands twice in the report", "报告内重复文字比例")}  # fmt: skip
    found = reuse(sentences, steps=steps)
    wide = found.pivot_table(index=_KEY, columns="measure", values="value", dropna=False).reset_index()
    return wide, [Column(name, "share", *text) for name, text in said.items()]


def _promises(
    sentences: Sentences | str | Path,
    predictions: Predictions | str | Path,
    codebook: Codebook,
    statistics: Statistics | str | Path | None,
    steps: Steps | None,
) -> tuple[Table, list[Column]]:
    pieces = followup_pieces(
        sentences, predictions, statistics=statistics, codebook=codebook, problems=False, steps=steps
    )
    found = pd.concat([piece.loc[piece["kind"] != "problem", [*_KEY, "outcome"]] for _, piece in pieces])
    counts = (
        found.assign(_n=1).pivot_table(index=_KEY, columns="outcome", values="_n", aggfunc="sum").fillna(0)
    )
    outcomes = [str(c) for c in counts.columns]
    counts.columns = pd.Index([f"promises_{c}" for c in outcomes])
    counts.insert(0, "promises", counts.sum(axis=1))
    described = [Column("promises", "sentences", "promises looked for in the next report", "追踪的承诺数")]
    described += [
        Column(
            f"promises_{c}", "sentences", f"of these {c} in the next report, as found", f"承诺追踪结果：{c}"
        )
        for c in outcomes
    ]
    return counts.reset_index(), described


def _cells(statistics: Statistics | str | Path, single: Reports) -> Iterator[Table]:
    """Yield the cells of the reports, part by part."""
    columns = ["report_id", "form", "table", "row", "column", "value"]
    place = pd.Index(single["report_id"])
    for part in table_parts(statistics, "statistics", columns):
        cells = part.filter(pc.is_in(part["table"], pa.array(_TABLES, part["table"].type))).to_pandas()
        row = place.get_indexer(cells["report_id"])
        about = {c: single[c].to_numpy()[row[row >= 0]] for c in _KEY}
        yield cells[row >= 0].assign(**about)


def _figures(single: Reports, statistics: Statistics | str | Path) -> list[tuple[Table, list[Column]]]:
    """Return statutory figures: the total of each row of the requests, disputes, and what is charged.

    Behind them what continues from the annex of 2008–2018 to the later tables, where the panel has both.
    """
    place, has_annex = pd.Index(single["report_id"]), False
    held: dict[str, tuple[str, Vector]] = {}
    for part in table_parts(statistics, "statistics", ["report_id", "table", "row", "column", "value"]):
        has_annex = has_annex or bool(pc.any(pc.equal(part["table"], "annex")).as_py())
        names = (part[c].cast(pa.string()) for c in ("table", "row", "column"))
        cells = pc.binary_join_element_wise(*names, ".").combine_chunks().dictionary_encode()
        row = place.get_indexer(part["report_id"].to_pandas())
        known = (row >= 0) & part["value"].is_valid().to_numpy()
        order = np.flatnonzero(known)[::-1]  # of a cell that stands twice the first counts
        code = pc.fill_null(cells.indices, -1).to_numpy()[order]
        value = part["value"].to_numpy()[order].astype(float)
        for k, cell in enumerate(cells.dictionary.to_pylist()):
            if name := _figure(*cell.split(".", 2)):
                here = code == k
                _, column = held.setdefault(name, (cell, np.full(len(single), np.nan)))
                at, printed = row[order[here]], value[here]
                blank = np.isnan(column[at])
                column[at[blank]] = printed[blank]
    found: list[tuple[Table, list[Column]]] = []
    if shown := {name: held[name] for name in sorted(held) if not np.isnan(held[name][1]).all()}:
        columns = pd.DataFrame({name: column for name, (_, column) in shown.items()}, index=single.index)
        wide = pd.concat([single[_KEY], columns], axis=1)
        described = [
            Column(name, "yuan" if name.endswith("_yuan") else "count", f"cell {cell} of the form",
                   "法定表格数值")
            for name, (cell, _) in shown.items()
        ]  # fmt: skip
        found.append((wide, described))
    if has_annex:
        found.append(_across_forms(_cells(statistics, single)))
    return found


def _figure(table: str, row: str, column: str) -> str | None:
    """Return what the panel calls a cell, None for those that it does not hold."""
    if table == "requests" and column == "total":
        return f"req_{row}"
    if table == "disputes" and row in _BLOCKS:
        return f"{_BLOCKS[row]}_{column}"
    if table == "proactive" and column in ("decisions", "amount_yuan", "in_force"):
        return f"{row}_{'yuan' if column == 'amount_yuan' else column}"
    return None


def _across_forms(parts: Iterable[Table]) -> tuple[Table, list[Column]]:
    pieces = [
        crosswalk(cells).pivot_table(index=_KEY, columns="quantity", values="value", aggfunc="first")
        for cells in parts
    ]
    wide = pd.concat(pieces).sort_index(axis=1)
    described = [
        Column(
            f"all_{one.key}",
            "count",
            f"{one.key}, of all forms since 2008{'' if one.same else '; ' + one.note}",
            one.zh,
        )
        for one in quantities()
        if one.key in wide.columns
    ]
    return wide.add_prefix("all_").reset_index(), described


def rate_column(indicator: str) -> str:
    """Return the panel's name of an indicator, short enough for Stata.

    >>> rate_column("refused_ground:administrative_query"), rate_column("granted")
    ('refused_administrative_query', 'rate_granted')
    """
    if ":" in indicator:
        return indicator.replace("refused_ground:", "refused_").replace(":", "_")
    return f"rate_{indicator}"


def _rates(
    single: Reports,
    statistics: Statistics | str | Path,
    checks: Checks | str | Path | None,
    covariates: Table | None,
    per: Sequence[str] | None,
    strict: bool,
    level: float,
) -> tuple[Table, list[Column]]:
    if single.empty:
        return pd.DataFrame(columns=_KEY), []
    pieces = []
    described: list[Column] = []
    for found in rate_pieces(
        single, statistics, checks, covariates=covariates, per=per, strict=strict, level=level
    ):
        wide = []
        for key, part in found.groupby("indicator", sort=False):
            one, name = part.iloc[0], rate_column(str(key))
            columns = part.set_index(_KEY)[["value", "low", "high"]]
            wide.append(columns.set_axis([name, f"{name}_lo", f"{name}_hi"], axis=1))
            words = f"{one['en']} ({str(key).split(':')[1]})" if ":" in str(key) else one["en"]
            described += [
                Column(name, one["unit"], words, one["zh"]),
                Column(f"{name}_lo", one["unit"], f"lower end of {name}", f"{one['zh']}下限"),
                Column(f"{name}_hi", one["unit"], f"upper end of {name}", f"{one['zh']}上限"),
            ]
        pieces.append(pd.concat(wide, axis=1))
    return pd.concat(pieces).reset_index(), list(dict.fromkeys(described))


def _broken(single: Reports, checks: Checks | str | Path) -> tuple[Table, list[Column]]:
    place, counts = pd.Index(single["report_id"]), np.zeros((2, len(single)), int)
    for part in table_parts(checks, "checks", ["report_id", "holds"]):
        decided = part.filter(pc.is_valid(part["holds"]))
        row = place.get_indexer(decided["report_id"].to_pandas())
        broken = ~decided["holds"].cast(pa.bool_()).to_numpy()
        for count, chosen in zip(counts, (broken, True), strict=True):
            count += np.bincount(row[chosen & (row >= 0)], minlength=len(count))
    wide = single[_KEY].assign(rules_broken=counts[0], rules_decided=counts[1])[counts[1] > 0]
    return wide, [
        Column("rules_broken", "rules", "rules of the form's arithmetic that are broken", "违反的勾稽关系数"),
        Column("rules_decided", "rules", "rules that could be decided", "可判定的勾稽关系数"),
    ]


def _with_covariates(table: Table, covariates: Table) -> tuple[Table, list[Column]]:
    """Join the user's columns; a name that the panel has too gets `_own` behind it."""
    joined, _ = with_covariates(table, covariates)
    own = [str(c) for c in joined.columns if c not in table.columns and c not in PLACES]
    return joined, [Column(name, "", "yours", "自有变量") for name in own]


def write_panel(table: Table, dictionary: Table, path: Path, *, overwrite: bool = False) -> list[Path]:
    """Write a panel, by its ending, and beside it its dictionary, `panel.dta.dictionary.csv`.

    In .dta variables have labels (English), and columns of few values are numbers with value labels.

    Raises:
        SchemaError: The ending is none of .parquet, .csv, .xlsx, .jsonl, .dta.
        GongkaiError: A file exists.
    """
    if path.suffix.lower() not in FORMATS:
        raise SchemaError(f"{path}: the ending decides the format; expected one of {', '.join(FORMATS)}")
    beside = path.with_name(f"{path.name}.dictionary.csv")
    for file in (path, beside):
        refuse_existing(file, overwrite=overwrite)
    write_frame(dictionary, beside, overwrite=overwrite)
    if path.suffix.lower() == ".dta":
        said = {str(row["column"]): str(row["en"]) for row in records(dictionary)}
        names = _stata_names(table)
        made = _for_stata(table, path).rename(columns=names)
        labels: dict[Any, str] = {}
        for name, short in names.items():
            label = said.get(name, "") if short == name else f"{name}: {said.get(name, '')}"
            labels[short] = label if len(label) <= 80 else f"{label[:79]}…"
        with whole_file(path, overwrite=overwrite) as hidden:
            made.to_stata(hidden, write_index=False, version=118, variable_labels=labels)
    else:
        write_frame(table, path, overwrite=overwrite)
    return [path, beside]


def _stata_names(table: Table) -> dict[str, str]:
    """Return what Stata calls each column: at most 32 letters, digits and underscores, no name twice."""
    names: dict[str, str] = {}
    for name in map(str, table.columns):
        plain = re.sub(r"\W", "_", name)
        if plain[:1].isdigit() or plain in _RESERVED:
            plain = f"_{plain}"
        held, times = plain[:32], 1
        while held in names.values():
            times += 1
            held = f"{plain[: 31 - len(str(times))]}_{times}"
        names[name] = held
    return names


def _for_stata(table: Table, path: Path) -> Table:
    """Return a frame of kinds that Stata has: numbers, texts without null, categories."""
    columns: dict[str, Any] = {}
    for name in map(str, table.columns):
        column = table[name]
        if name in _CODED and column.notna().any():
            columns[name] = column.astype("category")
        elif pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
            columns[name] = column.astype("float64")
            if np.isinf(columns[name]).any():
                raise SchemaError(f"{path}: the column {name} has an infinite number, which Stata has not")
        else:
            columns[name] = column.astype(object).where(column.notna(), "").astype(str)
    return pd.DataFrame(columns)
