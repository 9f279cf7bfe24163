"""rclone, as `toolchain/rclone` pins it: the door's peer for figures, and one of the clients that its tests come with.

Set-up does without it, and so does everything else.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.go_program import GoProgram

_RCLONE = GoProgram(
    module="rclone",
    package=".",
    name="rclone",
    cache="landing-bench",
    usually="about a minute and a half on 2 cores, 1 GB of memory",
)


def ready() -> Path | None:
    """Give the pinned rclone if it was built, else the one on PATH, or None where there is neither."""
    found = shutil.which("rclone")
    return _RCLONE.ready() or (Path(found) if found else None)


def built() -> Path:
    """Give the pinned rclone, built if it is not there. Raises SystemExit as GoProgram.built does."""
    return _RCLONE.built()
