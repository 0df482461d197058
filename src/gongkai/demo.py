"""The whole house in one go, on the bundled corpus: build → train → predict → measure → page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gongkai.classify.kinds import TrainSettings
from gongkai.classify.predict import predict
from gongkai.classify.train import train
from gongkai.coding.labels import read_labels
from gongkai.corpus.build import Summary, build
from gongkai.measure.shares.prevalence import prevalence
from gongkai.show.page import key_numbers, write_page
from gongkai.store.run import bundled, whole_folder, write_json
from gongkai.tables.frames import write_frame
from gongkai.tables.parts import read_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gongkai.tables.schema import Measures
    from gongkai.tables.scheme.codebook import Words


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where the demo's results are, and what they say."""

    folder: Path
    summary: Summary
    quality: Measures
    numbers: list[tuple[Words, str]]


def demo(
    output: str | Path = "gongkai-demo",
    *,
    jobs: int = 1,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda step: None,
) -> DemoResult:
    """Run everything on the bundled corpus of authored reports.

    Args:
        output: Folder to make: `tables/`, `model/`, `predictions.csv`, `measures.csv`, `page.html`.
        jobs: Worker processes for the build.
        overwrite: Replace an earlier demo.
        say: Called with the name of each step.

    Raises:
        GongkaiError: The folder exists.
    """
    with whole_folder(Path(output), overwrite=overwrite) as hidden:
        say("build: reports → tables")
        summary = build(bundled("corpus/raw"), hidden / "tables", jobs=jobs)
        say("train: coded sentences → model")
        labels = read_labels(bundled("corpus/labels"))
        quality = train(labels, hidden / "model", settings=TrainSettings(comparisons=False))
        say("predict: model + sentences → predictions")
        predictions = predict(read_table(hidden / "tables", "sentences"), model=hidden / "model")
        write_frame(predictions, hidden / "predictions.csv")
        say("measure: predictions → shares with intervals")
        write_frame(prevalence(predictions, by=("agency", "year")), hidden / "measures.csv")
        say("page: tables + predictions → page.html")
        write_page(hidden / "tables", predictions, hidden / "page.html", model=hidden / "model")
        numbers = key_numbers(prevalence(predictions, by=()))
        write_json(
            hidden / "run.json", {"command": "demo", "numbers": {str(name): value for name, value in numbers}}
        )
    return DemoResult(Path(output), summary, quality, numbers)
