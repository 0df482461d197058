import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from gongkai.cli.app import app


def run(*args):
    result = CliRunner().invoke(app, [str(a) for a in args])
    return result.exit_code, result.output, result.exception


def test_plan_says_how_many_or_that_no_coding_is_enough():
    code, out, _ = run("plan", "0.1", "--agencies", 60, "--sentences", 60, "--share", 0.3)
    assert code == 0
    assert "a simple sample, sample --by GROUP" in out
    assert "reports (power" in out
    code, out, _ = run("plan", "0.01", "--agencies", 10, "--sentences", 60, "--share", 0.3)
    assert code == 0
    assert "no coding is enough" in out
    assert "--share" in str(run("plan", "0.1", "--agencies", 60, "--sentences", 60)[2])


def test_regress_prints_coefficients_and_names_unknown_columns(tmp_path):
    pytest.importorskip("pyfixest", reason="of the extra regress")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"agency": np.repeat(list("abcdefgh"), 5), "year": np.tile(range(2018, 2023), 8)})
    frame["x"], frame["share"] = rng.normal(size=40), rng.random(40)
    frame.to_csv(tmp_path / "panel.csv", index=False)
    code, out, _ = run(
        "regress",
        tmp_path / "panel.csv",
        "share ~ x + i.year | agency",
        "-o",
        tmp_path / "c.csv",
        "--draws",
        99,
    )
    assert code == 0
    assert "40 rows, 8 × agency" in out
    assert "wild bootstrap p =" in out
    assert len(pd.read_csv(tmp_path / "c.csv")) == 5
    assert "did you mean" in str(run("regress", tmp_path / "panel.csv", "shares ~ x | agency")[2])
