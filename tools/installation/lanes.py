"""Run the two lanes of set-up side by side: packages mostly wait for the network, the engine for the compiler."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path

from tools.installation.engine import install_engine
from tools.installation.layout import Layout
from tools.installation.packages import install_packages
from tools.installation.steps import SetupError, say

_INTERRUPTED = 130


def install(checkout: Path) -> int:
    """Install what is missing or out of date in this checkout, one set-up at a time; give the exit code."""
    layout = Layout(checkout.resolve())
    started = time.monotonic()
    if shutil.which("git") is None:
        faults = ["no `git` is on PATH: install Git, which the program reads its own repository with"]
    else:
        try:
            with _alone(layout):
                faults = asyncio.run(_run_lanes(layout))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("set-up: interrupted; the next one goes on from here", file=sys.stderr)
            return _INTERRUPTED
    for fault in faults:
        print(f"set-up: {fault}", file=sys.stderr)
    if not faults and (seconds := time.monotonic() - started) > 1:
        say(f"all is there after {seconds:.0f} s")
    return 1 if faults else 0


async def _run_lanes(layout: Layout) -> list[str]:
    """Run both lanes; give what went wrong. The first fault ends the other lane too."""
    faults: list[str] = []
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    try:
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(install_packages(layout))
            lanes.create_task(install_engine(layout))
    except* SetupError as failed:
        faults += [str(fault) for fault in failed.exceptions]
    return faults


@contextlib.contextmanager
def _alone(layout: Layout) -> Generator[None]:
    """Hold this checkout's set-up to one at a time; the lock ends with the last process of it, however that ends."""
    layout.tools.mkdir(exist_ok=True)
    with (layout.tools / "set-up.lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
