"""Run one part of the sandbox: `python -m sandbox.part NAME ROOT`. Only the supervisor starts this.

The supervisor holds the other end of this process's standard input. When it dies, however it dies, the kernel closes
that end, and the part ends itself and all that it started: nothing of a sandbox outlives its supervisor.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import stat
import sys
import threading
import time
from pathlib import Path

from tenacity import retry, retry_if_result, wait_fixed

from sandbox import processes
from sandbox.home import SandboxHome
from sandbox.parts import Part, named

GRACE_SECONDS = 8.0
"""How long a part may take to save its state and return after SIGTERM."""

log = logging.getLogger(__name__)


def main(name: str, root: Path) -> None:
    """Serve the part `name` of the sandbox kept in `root`, until SIGTERM or the supervisor's end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # one line a request would be all that a log shows
    home = SandboxHome.open(root)
    part = named(name)
    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        threading.Thread(target=_end_with_supervisor, args=(home.root, name), name="orphan-guard", daemon=True).start()
    if left := processes.end(home.root, name, grace=0):
        log.warning("ended %d processes that an earlier '%s' left behind", len(left), name)
    # Only this process's libraries and what it starts write there; what a killed one left goes now.
    os.environ["TMPDIR"] = str(_emptied(home.folder("tmp") / name))
    os.environ.update(part.environment(home))
    serve = part.load()
    _wait_for_others(home, part)
    serve(home)
    processes.end(home.root, name, grace=0)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _wait_for_others(home: SandboxHome, part: Part) -> None:
    for other in map(named, part.waits_for):
        log.info("waits for '%s'", other.name)
        retry(retry=retry_if_result(lambda ready: not ready), wait=wait_fixed(0.1))(other.ready)(home)


def _end_with_supervisor(root: Path, name: str) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass  # the supervisor never writes; only the end of its pipe is a message
    log.warning("the supervisor is gone: '%s' ends", name)
    processes.end(root, name, grace=0)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
