from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.journal import Journal

RECORDS = [b"one", b"", bytes(range(200)), b"four"]


def resumed(folder: Path, number: int = 0) -> tuple[Journal, list[bytes]]:
    journal = Journal(folder)
    return journal, list(journal.resume(number))


def append(journal: Journal, *records: bytes) -> None:
    for record in records:
        journal.append(lambda record=record: record)


@given(cut=st.integers(0, 8 * len(RECORDS) + sum(map(len, RECORDS))))
def test_wherever_it_is_cut_off_what_is_whole_is_there_and_more_can_follow(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder)
    append(journal, *RECORDS)
    journal.close()
    file = folder / "journal.0"
    file.write_bytes(file.read_bytes()[:cut])
    ends = [sum(8 + len(record) for record in RECORDS[: number + 1]) for number in range(len(RECORDS))]
    whole = RECORDS[: sum(end <= cut for end in ends)]

    journal, found = resumed(folder)
    assert found == whole
    append(journal, b"later")
    journal.close()
    assert resumed(folder)[1] == [*whole, b"later"]


def test_a_save_begins_a_new_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    append(journal, b"saved")
    journal.begin(1)
    append(journal, b"since")
    journal.close()
    assert [file.name for file in tmp_path.iterdir()] == ["journal.1"]
    assert resumed(tmp_path, 1)[1] == [b"since"]
    assert (tmp_path / "journal.1").stat().st_mode & 0o777 == 0o600


def test_a_record_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    def fail() -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        journal.append(fail)
    append(journal, b"next")
    journal.close()
    assert resumed(tmp_path)[1] == [b"next"]


def test_a_full_disk_is_told_and_leaves_no_half(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    append(journal, b"before")
    journal.close()
    (tmp_path / "journal.0").rename(tmp_path / "kept")
    (tmp_path / "journal.0").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        append(journal, b"lost")
    journal.close()
