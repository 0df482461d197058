import pandas as pd
import pytest

from gongkai.coding.adjudicate import adjudication, resolve
from gongkai.coding.exchange import read_tasks, write_tasks
from gongkai.errors import MeasureError, SchemaError
from tests.coding.test_exchange import CODES, code, drawn

__all__ = ["drawn"]


@pytest.fixture
def parts(drawn, tmp_path):
    """The codes of each coder."""
    paths = {coder: write_tasks(drawn, tmp_path / f"{coder}.csv") for coder in CODES}
    for coder, path in paths.items():
        code(path, coder)
    return [read_tasks(path, coder) for coder, path in paths.items()]


def test_adjudication_shows_only_what_is_disputed(parts):
    sheet = adjudication(pd.concat(parts))
    assert len(sheet) == 5
    assert set(sheet["disputed"]) == {"boilerplate"}
    assert {"boilerplate_甲", "boilerplate_乙", "rule"} <= set(sheet.columns)
    with pytest.raises(MeasureError, match="two coders"):
        adjudication(parts[0])


def test_resolved_is_what_coders_agree_on_and_what_the_third_reading_decides(parts, tmp_path):
    both = pd.concat(parts, ignore_index=True)
    sheet = adjudication(both)
    sheet.to_csv(tmp_path / "sheet.csv", index=False, encoding="utf-8-sig")
    with pytest.raises(SchemaError, match="5 disputed sentences have no decision on boilerplate"):
        resolve(both, sheet)
    filled = sheet.assign(boilerplate=1, rule="stock measure")
    resolved = resolve(both, filled).set_index("sentence_id")
    assert len(resolved) == both["sentence_id"].nunique()
    assert resolved.loc[filled["sentence_id"], "boilerplate"].all()
    assert set(resolved.loc[filled["sentence_id"], "rule"]) == {"stock measure"}
    agreed = resolved.drop(filled["sentence_id"])
    first = parts[0].set_index("sentence_id").loc[agreed.index]
    assert (agreed["boilerplate"].to_numpy(bool) == first["boilerplate"].to_numpy(bool)).all()
    assert agreed["rule"].isna().all()
    with pytest.raises(SchemaError, match="name no rule"):
        resolve(both, filled.assign(rule=""))
    with pytest.raises(SchemaError, match="no decision"):
        resolve(both, filled.head(3))
