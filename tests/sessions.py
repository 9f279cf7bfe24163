"""End a killed command with all that it started: what a new session holds, by the processes' own ids."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def kill_session(leader: int) -> None:
    """Kill every process of the session that `leader` began.

    The engine gives each plug-in a process group of its own, so killing the engine's group leaves them running for
    minutes; the session is what they have in common.
    """
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(ProcessLookupError, PermissionError):
                pid = int(entry.name)
                if os.getsid(pid) == leader:
                    os.kill(pid, signal.SIGKILL)
