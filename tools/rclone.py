"""rclone, as `toolchain/rclone` pins it: the door's peer for figures, and one of the clients that its tests come with.

It is built once, into the user's cache: set-up does without it, and so does everything else.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tools.installation.engine import go_environment
from tools.installation.stamps import Stamp, content_digest

_MODULE = Path(__file__).resolve().parents[1] / "toolchain" / "rclone"


def ready() -> Path | None:
    """Give the pinned rclone if it was built, else the one on PATH, or None where there is neither."""
    stamp = _stamp()
    found = shutil.which("rclone")
    return stamp.product if stamp.holds() else Path(found) if found else None


def built() -> Path:
    """Give the pinned rclone, built if it is not there: about a minute and a half on 2 cores, 1 GB of memory.

    Raises SystemExit with Go's own words when it cannot be built.
    """
    stamp = _stamp()
    if stamp.holds():
        return stamp.product
    print(f"builds rclone into {stamp.product.parent}, once", flush=True)
    stamp.drop()
    stamp.product.parent.mkdir(parents=True, exist_ok=True)
    command = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", str(stamp.product), "."]
    done = subprocess.run(  # noqa: S603  # our own words
        command, cwd=_MODULE, env={**os.environ, **go_environment()}, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"rclone: {' '.join(command)} in {_MODULE} failed:\n{done.stderr.strip()}")
    stamp.write()
    return stamp.product


def _stamp() -> Stamp:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "landing-bench"
    sources = (_MODULE / "go.mod", _MODULE / "go.sum", _MODULE / "main.go")
    return Stamp(
        file=cache / "rclone.stamp",
        product=cache / "rclone",
        digest=content_digest(*sources, platform.system(), platform.machine()),
    )
