"""Starts real parts of the sandbox for the stand-ins to speak to."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox.home import SandboxHome
from sandbox.parts import named
from tests.ports import own_base_port
from tests.sandbox.running_part import start_part

_READY_SECONDS = 60


@contextmanager
def parts(root: Path, *names: str) -> Generator[SandboxHome]:
    """Run parts of a new sandbox, each ready before the next starts, for as long as the context lasts."""
    home = SandboxHome.open(root, own_base_port())
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(_part(home, name))
            _wait_until_ready(home, name)
        yield home


@contextmanager
def _part(home: SandboxHome, name: str) -> Generator[None]:
    with start_part(home, name) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


@retry(stop=stop_after_delay(_READY_SECONDS), wait=wait_fixed(0.1), retry=retry_if_result(lambda ready: not ready))
def _wait_until_ready(home: SandboxHome, name: str) -> bool:
    return named(name).ready(home)
