"""What happens to the state: the requests that use it, when it may be written down, and whether it changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

PATIENCE_SECONDS = 20.0
"""How long the writer of the state waits for a pause before it makes one."""


class Activity:
    """Lets requests run side by side, and a writer of the state run alone.

    A request that waits, such as a long poll of a queue, must not hold it: the writer would never get its turn.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._running = 0
        self._writing = False
        self._changes = 0
        self._last_change = 0.0

    @contextmanager
    def request(self) -> Generator[None]:
        """Hold off the writer of the state while a request runs."""
        with self._turn:
            self._turn.wait_for(lambda: not self._writing)
            self._running += 1
        try:
            yield
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    @contextmanager
    def writing(self, *, patience: float = PATIENCE_SECONDS, longest: float | None = None) -> Generator[None]:
        """Wait until no request runs, and hold off new ones.

        For `patience` seconds it waits for a pause without holding anybody off: one slow upload stops no other request.
        Then it makes a pause, and goes on after `longest` more seconds, whatever still runs (None: it waits).
        """
        with self._turn:
            self._turn.wait_for(lambda: self._running == 0 and not self._writing, timeout=patience)
            self._turn.wait_for(lambda: not self._writing)
            self._writing = True
            self._turn.wait_for(lambda: self._running == 0, timeout=longest)
        try:
            yield
        finally:
            with self._turn:
                self._writing = False
                self._turn.notify_all()

    def changed(self) -> None:
        """Note that the state is not what was written down."""
        with self._turn:
            self._changes += 1
            self._last_change = time.monotonic()

    @property
    def changes(self) -> int:
        """How many changes there were so far."""
        return self._changes

    def quiet_for(self) -> float:
        """Give the seconds since the last change."""
        return time.monotonic() - self._last_change
