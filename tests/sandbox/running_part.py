"""Starts one part of a sandbox as the supervisor does: with its log, and with the guard that ends it with us."""

from __future__ import annotations

import os
import subprocess
import sys

from sandbox.home import SandboxHome


def start_part(home: SandboxHome, name: str, **environment: str) -> subprocess.Popen[bytes]:
    """Start a part, not yet ready; it also ends when this process does, however that ends."""
    with home.log(name).open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "sandbox.part", name, str(home.root)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            process_group=0,
        )
