"""Word files and what LibreOffice makes of them; the tests of RTF and ODT compare the two."""

import shutil
import subprocess

import pytest

from gongkai.readers.document import Grid
from gongkai.readers.office.docx import read_docx
from gongkai.store.run import bundled
from tests.conftest import DATA

CASES = ["merged-cells", *sorted(p.relative_to(bundled("corpus/raw")).as_posix() for p in bundled("corpus/raw").rglob("2021.docx"))]  # fmt: skip


def shown(read):
    """Return blocks as texts and lists of rows; white space at the ends of cells is no difference."""
    return [
        [[c.strip() for c in row] for row in b.texts] if isinstance(b, Grid) else b.text.strip()
        for b in read[0]
    ]


def converted(case, ending, folder):
    """Return what is read of a Word file, and the bytes of what LibreOffice makes of it."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    source = DATA / f"{case}.docx" if "/" not in case else bundled("corpus/raw") / case
    (folder / "x.docx").write_bytes(source.read_bytes())
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        office,
        "--headless",
        profile,
        "--convert-to",
        ending,
        "--outdir",
        str(folder),
        str(folder / "x.docx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return shown(read_docx(source.read_bytes(), "x.docx")), (folder / f"x.{ending}").read_bytes()
