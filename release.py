"""Check a release before it is one: python release.py [--tag v0.2.0] (make release-check).

1. The version stands alike in pyproject.toml, CITATION.cff and on top of CHANGELOG.md; with --tag also in the
   tag, and then the changelog may no longer say "unreleased".
2. sdist and wheel are built, the wheel from the sdist.
3. The wheel is installed into a bare environment and there, in a folder that is no checkout: the version is
   said, `doctor` is content, the demo runs, and the bundled corpus is exported with its labels.

What is for upload lies in dist/ then: sdist, wheel, corpus folder. Nothing is uploaded.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

TOP = Path(__file__).parent
DIST = TOP / "dist"


def versions(top: Path = TOP) -> dict[str, str]:
    """Return the version that each place names; the changelog's with what stands behind it."""
    project = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = re.search(r"^version: (.+)$", (top / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    heading = re.search(r"^## (.+)$", (top / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    return {
        "pyproject.toml": project,
        "CITATION.cff": citation[1].strip() if citation else "none",
        "CHANGELOG.md": heading[1].strip() if heading else "none",
    }


def disagreements(found: dict[str, str], tag: str | None) -> list[str]:
    """Return what keeps the versions from being one."""
    version = found["pyproject.toml"]
    wrong = []
    if found["CITATION.cff"] != version:
        wrong.append(f"CITATION.cff says {found['CITATION.cff']}, pyproject.toml {version}")
    if found["CHANGELOG.md"].split()[0] != version:
        wrong.append(f"CHANGELOG.md begins with {found['CHANGELOG.md']}, pyproject.toml says {version}")
    if tag is not None and tag != f"v{version}":
        wrong.append(f"the tag is {tag}, expected v{version}")
    if tag is not None and "unreleased" in found["CHANGELOG.md"]:
        wrong.append("CHANGELOG.md still says unreleased: put the date there")
    return wrong


def run(*command: str | Path, cwd: Path = TOP, **extra: str) -> str:
    """Run a command, show it, and return what it printed; a failure ends the check."""
    print("+", *command, flush=True)
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**bare, **extra},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}\nrelease: exit {done.returncode}")
    return done.stdout


def main() -> None:
    """Check, build, install, try."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--tag", help="the tag to be set; it must fit")
    tag = asked.parse_args().tag
    found = versions()
    if wrong := disagreements(found, tag):
        sys.exit("release: " + "; ".join(wrong))
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        venv.create(work / "build", with_pip=True)
        venv.create(work / "bare", with_pip=True)
        scripts = "Scripts" if os.name == "nt" else "bin"
        builder, bare = work / "build" / scripts / "python", work / "bare" / scripts
        run(builder, "-m", "pip", "install", "-q", "build")
        run(builder, "-m", "build", "--outdir", DIST, TOP)
        (wheel,) = DIST.glob("*.whl")
        run(bare / "python", "-m", "pip", "install", "-q", str(wheel))
        gongkai = bare / "gongkai"
        said = run(gongkai, "--version", cwd=work).strip()
        if said != found["pyproject.toml"]:
            sys.exit(f"release: the wheel says {said}, pyproject.toml {found['pyproject.toml']}")
        print(run(gongkai, "doctor", cwd=work))
        print(run(gongkai, "demo", cwd=work))
        where = run(bare / "python", "-c", "import gongkai; print(gongkai.bundled('corpus/raw'))", cwd=work)
        corpus = Path(where.strip())
        if work not in corpus.parents:
            sys.exit(f"release: the bundled corpus is not the wheel's: {corpus}")
        shutil.copytree(corpus, work / "reports")
        run(gongkai, "build", "reports", "-o", "tables", cwd=work)
        title = "Authored disclosure reports of invented places"
        deposit = ("--labels", corpus.parent / "labels", "--title", title,
                   "--creator", "The gongkai developers", "--license", "CC-BY-4.0")  # fmt: skip
        print(run(gongkai, "export", "tables", "-o", DIST / f"corpus-{said}", *deposit, cwd=work))
    print(
        "\n".join(
            f"{p.stat().st_size:>12,}  {p.relative_to(TOP)}" for p in sorted(DIST.rglob("*")) if p.is_file()
        )
    )


if __name__ == "__main__":
    main()
