"""What recovery does to a backend's files, without an engine."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.home import SandboxHome
from tools.engine import Engine
from tools.recover import recover


class RecordingEngine:
    """Stands for the engine: no pending operation, and a note of each command."""

    stack = "dev"

    def __init__(self, pending: list[dict[str, Any]] | None = None) -> None:
        self.commands: list[tuple[str, ...]] = []
        self.pending = pending or []

    def run(self, *arguments: str) -> str:
        self.commands.append(arguments)
        return ""

    def state(self) -> dict[str, Any]:
        return {"deployment": {"pending_operations": self.pending}}


@pytest.fixture
def home(tmp_path: Path) -> SandboxHome:
    return SandboxHome.open(tmp_path / "sandbox")


def lock(home: SandboxHome, pid: int, host: str | None = None) -> None:
    folder = home.root.parent / "pulumi" / ".pulumi" / "locks" / "organization"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{pid}.json").write_text(json.dumps({"pid": pid, "hostname": host or socket.gethostname()}))


def a_dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def recovered(engine: RecordingEngine, home: SandboxHome) -> list[str]:
    return recover(cast("Engine", engine), home)


def test_nothing_interrupted_is_nothing_done(home: SandboxHome) -> None:
    engine = RecordingEngine()
    assert recovered(engine, home) == []
    assert engine.commands == []


def test_a_dead_owners_lock_is_taken_away(home: SandboxHome) -> None:
    lock(home, a_dead_process())
    engine = RecordingEngine()
    assert recovered(engine, home) == ["took the lock of a killed run away"]
    assert engine.commands == [("cancel", "--yes", "--stack", "dev")]


@pytest.mark.parametrize("host", [None, "another.example"])
def test_the_lock_of_a_run_that_may_live_stays(home: SandboxHome, host: str | None) -> None:
    lock(home, a_dead_process())
    lock(home, os.getpid() if host is None else a_dead_process(), host)
    assert recovered(RecordingEngine(), home) == []


def test_a_torn_file_of_attributes_goes_and_a_whole_one_stays(home: SandboxHome) -> None:
    folder = home.root.parent / "pulumi" / ".pulumi" / "stacks"
    folder.mkdir(parents=True)
    torn, whole = folder / "dev.json.attrs", folder / "dev.json.bak.attrs"
    torn.write_text("")
    whole.write_text("{}")
    recovered(RecordingEngine(), home)
    assert (torn.exists(), whole.exists()) == (False, True)


def test_what_was_being_made_is_taken_in_by_its_id_or_dropped(home: SandboxHome) -> None:
    pending = [
        {
            "type": "creating",
            "resource": {"urn": "urn:table", "type": "snowflake:index/table:Table", "inputs": inputs},
        }
        for inputs in [{"database": "LANDING", "schema": "RAW", "name": "A"}]
    ]
    trust = {"type": "creating", "resource": {"urn": "urn:trust", "type": "pulumi-python:dynamic/landing:StorageTrust"}}
    deleting = {"type": "deleting", "resource": {"urn": "urn:old", "type": "aws:kms/key:Key"}}
    engine = RecordingEngine([*pending, trust, deleting])
    assert recovered(engine, home) == ["settled 2 interrupted operations"]
    (command,) = engine.commands
    assert command[:4] == ("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    imports = [word for flag, word in itertools.pairwise(command) if flag == "--import-pending-creates"]
    assert imports == ["urn:table", "LANDING|RAW|A"]
