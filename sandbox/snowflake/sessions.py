"""The open sessions, by their tokens: each ends when its client says so, or four hours after it was last used."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from sandbox.snowflake.session import Session

IDLE_SECONDS = 4 * 3600.0
"""How long a session lasts unused: the default of a session policy's SESSION_IDLE_TIMEOUT_MINS, 240 minutes."""


class Sessions(dict[str, Session]):
    """A mapping, because fakesnow's server looks its sessions up in one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, float] = {}

    def open(self, session: Session) -> str:
        """Take a new session in and give its token; those that nobody used for too long go."""
        self.sweep()
        token = secrets.token_urlsafe(32)
        with self._lock:
            self[token] = session
            self._used[token] = self._clock()
        return token

    def find(self, token: str) -> Session | None:
        """Give a session that is still open, and begin its idle time anew."""
        with self._lock:
            session = self.get(token)
            if session is None or self._is_idle(token):
                return None
            self._used[token] = self._clock()
            return session

    def end(self, token: str) -> None:
        """End a session; one that is not there is no error."""
        with self._lock:
            session = self.pop(token, None)
            self._used.pop(token, None)
        if session is not None:
            with session.running:  # a statement that runs is not cut off
                session.close()

    def sweep(self) -> None:
        """End the sessions that nobody used for too long."""
        with self._lock:
            idle = [token for token in self if self._is_idle(token)]
        for token in idle:
            self.end(token)

    def _is_idle(self, token: str) -> bool:
        return self._clock() - self._used[token] >= IDLE_SECONDS
