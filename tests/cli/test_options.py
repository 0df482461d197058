"""What an interrupted command left is gone on with; what was there before it is refused, by its own name."""

from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest

from gongkai.cli.options import stepwise
from gongkai.errors import GongkaiError
from gongkai.store.steps import taken
from gongkai.tables.frames import write_frame


def ran(place, *, copies="c.csv", ending=None, **how):
    """Run a command of two outputs and one step; an `ending` comes between the outputs."""
    files = {"output": place / "o.csv", "copies": place / copies, "tables": place / "read.csv"}
    params = {"jobs": 1, "resume": False, "scheduler": None, "overwrite": False, **files, **how}
    with stepwise(SimpleNamespace(params=params, info_name="x"), files["tables"]) as (steps, overwrite):
        list(taken(steps, "one", lambda _: {"out": pa.table({"a": [1]})}, [1]))
        write_frame(pd.DataFrame({"a": [1]}), files["output"], overwrite=overwrite)
        if ending:
            raise ending
        write_frame(pd.DataFrame({"a": [1]}), files["copies"], overwrite=overwrite)


def test_a_file_of_before_is_refused_by_its_name_and_before_any_work(tmp_path):
    (tmp_path / "read.csv").write_text("a")
    (tmp_path / "c.csv").write_text("mine")
    with pytest.raises(GongkaiError, match=r"/c\.csv: exists"):
        ran(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.csv", "read.csv"]


def test_what_came_meanwhile_is_refused_by_its_name_and_what_the_run_wrote_is_replaced(tmp_path):
    (tmp_path / "read.csv").write_text("a")
    with pytest.raises(KeyboardInterrupt):
        ran(tmp_path, ending=KeyboardInterrupt)
    (tmp_path / "other.csv").write_text("mine")
    with pytest.raises(GongkaiError, match=r"/other\.csv: exists"):
        ran(tmp_path, copies="other.csv", resume=True)
    assert (tmp_path / "other.csv").read_text() == "mine"
    ran(tmp_path, copies="d.csv", resume=True)  # another name is no other plan
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.csv", "o.csv", "other.csv", "read.csv"]
