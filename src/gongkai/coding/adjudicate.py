"""The third reading: what coders differ on goes out as a sheet, the decisions come back as resolved codes."""

from __future__ import annotations

import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.tables.schema import Labels, Table
from gongkai.tables.scheme.codebook import Codebook, Label
from gongkai.tables.scheme.coded import scheme_of_labels


def adjudication(labels: Labels, codebook: Codebook | None = None) -> Table:
    """Return the sentences on which coders differ, a column per coder and label, for a third reading.

    Args:
        labels: `labels` rows of two or more coders (`resolved` is left out).
        codebook: The scheme; the one that ships unless given.

    Returns:
        One row per disputed sentence: `sentence_id, agency, year, section, heading, lead, text, disputed`
        (labels), then `LABEL_CODER` for each label and coder, and for each label an empty column, and `rule`,
        to fill in.

    Raises:
        MeasureError: Fewer than two coders.
    """
    scheme = scheme_of_labels(labels, codebook)
    coded = labels[labels["annotator"] != "resolved"]
    coders = sorted(set(coded["annotator"]))
    if len(coders) < 2:
        raise MeasureError(f"adjudication needs two coders; the labels have {', '.join(coders) or 'none'}")
    names = list(scheme.names)
    wide = coded.set_index(["sentence_id", "annotator"])[names].unstack()  # noqa: PD010
    differs = {
        label: wide[label].apply(lambda codes: len(set(codes.dropna())) > 1, axis=1) for label in names
    }
    disputed = [" ".join(label for label in names if differs[label].loc[i]) for i in wide.index]
    about = coded.drop_duplicates("sentence_id").set_index("sentence_id").loc[wide.index]
    table = about[["agency", "year", "section", "heading", "lead", "text"]].assign(disputed=disputed)
    for label in names:
        for coder in coders:
            table[f"{label}_{coder}"] = wide[label][coder]
    table = table[table["disputed"] != ""].reset_index()
    return table.assign(**dict.fromkeys(names), rule="")


def resolve(labels: Labels, decisions: Table, codebook: Codebook | None = None) -> Labels:
    """Make the `resolved` rows: what the coders agree on, and the third reading's decision elsewhere.

    Args:
        labels: `labels` rows of the coders; earlier `resolved` rows are left out.
        decisions: A filled sheet of `adjudication`: `sentence_id`, a column per label, `rule`.
        codebook: The scheme; the one that ships unless given.

    Returns:
        One row per coded sentence, in the order of the labels; `rule` says what decided disputed ones. A
        label whose condition was decided against is empty.

    Raises:
        SchemaError: A disputed sentence has no decision, or no rule; or a decision is no code.
    """
    scheme = scheme_of_labels(labels, codebook)
    coded = labels[labels["annotator"] != "resolved"]
    decided = decisions.assign(_row=range(2, len(decisions) + 2))
    decided = decided.drop_duplicates("sentence_id").set_index("sentence_id")
    rows = coded.drop_duplicates("sentence_id").assign(annotator="resolved", rule=None)
    rows = rows.set_index("sentence_id", drop=False)
    differs: set[str] = set()
    for label in scheme.labels:
        several = coded.groupby("sentence_id")[label.name].nunique()
        disputed = several.index[several > 1]
        differs |= set(disputed)
        if missing := [i for i in disputed if i not in decided.index]:
            raise SchemaError(f"{len(missing)} disputed sentences: no decision, e.g. {missing[0]}")
        first = coded[coded[label.name].notna()].drop_duplicates("sentence_id").set_index("sentence_id")
        codes = dict(first[label.name].items()) | _decisions(decided, label, list(disputed))
        values = [codes.get(i) for i in rows.index]
        rows[label.name] = pd.Series(values, rows.index, dtype=object)
        if not label.is_choice:
            rows[label.name] = rows[label.name].astype("boolean")
    for label in scheme.labels:
        for condition in scheme.conditions(label.name):
            above, _, value = condition.partition("=")
            holds = rows[above].astype(object).eq(value if value else True).fillna(value=False)
            rows[label.name] = rows[label.name].where(holds.astype(bool), None)
    rules = decided["rule"].reindex(sorted(differs)).fillna("").astype(str).str.strip()
    if (rules == "").any():
        raise SchemaError(f"{(rules == '').sum()} decisions name no rule, e.g. {rules.index[rules == ''][0]}")
    rows.loc[rules.index, "rule"] = rules
    return rows.reset_index(drop=True)


def _decisions(decided: Table, label: Label, disputed: list[str]) -> dict[str, object]:
    """Read the decisions on one label; those on sentences that are not disputed count where given."""
    found: dict[str, object] = {}
    wrong: list[tuple[int, str]] = []
    for name, value, row in zip(decided.index, decided[label.name], decided["_row"], strict=True):
        try:
            code = label.code_of(value)
        except ValueError as error:
            raise SchemaError(f"row {row} of the decisions: {error}") from error
        if code is not None:
            found[name] = code
        elif name in disputed:
            wrong.append((row, name))
    if wrong:
        raise SchemaError(
            f"{len(wrong)} disputed sentences have no decision on {label.name}, e.g. row {wrong[0][0]}, "
            f"{wrong[0][1]}; expected {label.expected.removesuffix(' or empty')}"
        )
    return found
