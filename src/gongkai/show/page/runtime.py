"""Vega-Lite for the browser, as it lies in the package: what draws the page's charts.

`vega.js.gz` is the bundle that vl-convert carries, so that a paper's figure and the page's are drawn by one
program; above it stand the licences of what it holds. It is made again by `python -m
gongkai.show.page.runtime`.
"""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

_HERE = Path(__file__).parent
_PACKED, _LICENCES = _HERE / "vega.js.gz", _HERE / "vega-licences.txt"


def runtime() -> str:
    """Return the program: a script that sets `gongkaiVega` to vega-embed's function."""
    return gzip.decompress(_PACKED.read_bytes()).decode("utf-8")


def packed() -> str:
    """Return the program compressed by gzip, in base64: a third of its size."""
    return base64.b64encode(_PACKED.read_bytes()).decode("ascii")


def bundle() -> str:
    """Return the program as the vl-convert that is installed gives it, below the licences."""
    import vl_convert

    code = vl_convert.javascript_bundle("window.gongkaiVega = vegaEmbed;")
    return f"/*!\n{_LICENCES.read_text(encoding='utf-8')}*/\n(() => {{\n{code}\n}})();\n"


if __name__ == "__main__":
    _PACKED.write_bytes(gzip.compress(bundle().encode("utf-8"), 9, mtime=0))
