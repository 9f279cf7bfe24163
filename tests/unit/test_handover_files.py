"""`make handover`: the sheets as files."""

from __future__ import annotations

from pathlib import Path

from tools.handover import write_sheets


def test_there_is_a_file_for_each_partner_and_none_for_one_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "handover"
    write_sheets({"rail": "# rail\n", "skyway": "# old\n"}, folder)
    assert write_sheets({"skyway": "# new\n"}, folder) == {"skyway": folder / "skyway.md"}
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("skyway.md", "# new\n")]
