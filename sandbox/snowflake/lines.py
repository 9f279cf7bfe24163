"""Where a CSV file's records are: the line that each begins on, and its text."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TextIO, cast

from sandbox.snowflake.formats import character, compression
from sandbox.snowflake.statement import Option


def records_at(options: dict[str, Option], local: Path, numbers: Collection[int]) -> dict[int, tuple[int, str]]:
    """Give the first line, counted from 1 with what is skipped, and the text of the records of these numbers.

    A file whose packing Python does not read gives none.
    """
    if not numbers or compression(options, local) not in {"none", "gzip"}:
        return {}
    quote = character(options["FIELD_OPTIONALLY_ENCLOSED_BY"])
    skipped = int(str(options["SKIP_HEADER"])) + bool(options["PARSE_HEADER"])
    wanted, last, found = set(numbers), max(numbers), dict[int, tuple[int, str]]()
    with _opened(options, local) as lines:
        for number, (line, text) in enumerate(_records(lines, quote, skipped), 1):
            if number in wanted:
                found[number] = line, text
            if number >= last:
                break
    return found


def _opened(options: dict[str, Option], local: Path) -> TextIO:
    if compression(options, local) == "gzip":
        return cast("TextIO", gzip.open(local, "rt", encoding="utf-8", errors="replace", newline=""))
    return local.open(encoding="utf-8", errors="replace", newline="")


def _records(lines: Iterable[str], quote: str, skipped: int) -> Iterator[tuple[int, str]]:
    begun, pieces, is_open = 0, list[str](), False
    for at, line in enumerate(lines, 1):
        if at <= skipped or (not pieces and not line.strip("\r\n")):
            continue
        begun = begun if pieces else at
        pieces.append(line)
        is_open ^= bool(quote) and line.count(quote) % 2 == 1
        if not is_open:
            yield begun, "".join(pieces).rstrip("\r\n")
            pieces.clear()
    if pieces:
        yield begun, "".join(pieces).rstrip("\r\n")
