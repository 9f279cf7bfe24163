"""A thousand partners in one stack: how long their settings take, and a preview beside that of a bare program."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from settings import Settings
from tools.nothing import PACKAGE, served, write_program
from tools.rehearsal import CHECKOUT, Project

PARTNERS = 1_000
_KEYS = 2


def entries(count: int) -> list[dict[str, Any]]:
    """Give the config entries of `count` partners, each with two keys and one feed."""
    return [
        {
            "name": f"partner-{number:04}",
            "timeZone": "America/New_York",
            "publicKeys": [public_key(number * _KEYS + which) for which in range(_KEYS)],
            "feeds": [{"name": "orders", "columns": [{"name": "ID", "type": "NUMBER"}]}],
        }
        for number in range(count)
    ]


def public_key(seed: int) -> str:
    """Make up a public key."""
    fields = (b"ssh-ed25519", seed.to_bytes(32, "big"))
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def settings_seconds(count: int = PARTNERS) -> float:
    """Give the time that it takes to read and check all settings, each partner in a file of its own."""
    with tempfile.TemporaryDirectory(prefix="landing-bench-") as folder:
        for entry in entries(count):
            (Path(folder) / f"{entry['name']}.yaml").write_text(yaml.safe_dump(entry))
        return _check(folder)


def _check(partners: str) -> float:
    values = {
        "bucket": {"name": "landing-bench-partners"},
        # A log group takes 100 metric filters: so many partners do without one each.
        "sftp": {"hostname": "sftp.example.com", "zone": "example.com", "failedUploadsAlarm": 0},
        "prefect": {"apiUrl": "http://127.0.0.1:4200/api", "workPool": "landing"},
        "partnersFolder": partners,
    }
    begun = time.monotonic()
    Settings.check(
        values,
        project="landing",
        stack="bench",
        region="us-east-1",
        folder=Path(),
        today=dt.datetime.now(dt.UTC).date(),
    )
    return time.monotonic() - begun


def preview_seconds(project: Project, folder: Path, count: int = PARTNERS) -> tuple[float, float, int]:
    """Give the time of a first preview with `count` partners, that of a bare program's, and the number of resources.

    The sandbox of the project must be up.
    """

    def many(config: dict[str, Any]) -> None:
        config["landing:partners"] = []
        config["landing:partnersFolder"] = "partners"
        config["landing:sftp"]["failedUploadsAlarm"] = 0

    partners = project.checkout / "partners"
    partners.mkdir()
    for entry in entries(count):
        (partners / f"{entry['name']}.yaml").write_text(yaml.safe_dump(entry))
    project.stack("many", many)
    begun = time.monotonic()
    shown = project.pulumi("preview", "--json", "--stack", "many")
    ours = time.monotonic() - begun
    if shown.returncode:
        raise SystemExit(shown.stdout[-2000:] + shown.stderr[-2000:])
    steps = json.loads(shown.stdout)["steps"]
    resources = sum("::pulumi:pulumi:" not in step["urn"] for step in steps)
    write_program(folder, CHECKOUT / ".venv", resources)
    with served() as port:
        environment = {**project.environment, "PULUMI_DEBUG_PROVIDERS": f"{PACKAGE}:{port}"}

        def bare(*arguments: str) -> None:
            command = ["pulumi", "--non-interactive", *arguments, "--stack", folder.name]
            subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603  # our own words

        bare("stack", "init")
        begun = time.monotonic()
        bare("preview", "--json")
        theirs = time.monotonic() - begun
    return ours, theirs, resources


def main() -> None:
    """Print both figures; the number of partners may be given."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else PARTNERS
    print(f"settings of {count} partners: {settings_seconds(count):.2f} s")
    with tempfile.TemporaryDirectory(prefix="landing-bench-") as folder:
        project = replace(Project.make(Path(folder)), limit_seconds=1800)
        project.sandbox("up")
        try:
            ours, theirs, resources = preview_seconds(project, Path(folder) / "bare", count)
        finally:
            project.sandbox("down")
    print(f"preview of {resources} resources: {ours:.1f} s against {theirs:.1f} s, {ours / theirs:.2f} times")


if __name__ == "__main__":
    main()
