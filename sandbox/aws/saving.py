"""When the state is saved: a moment after the last change, at the latest some time after the first, and at the end.

What S3 and SQS confirm is not left to this: it is in the journal at once.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

from sandbox.aws.accounts import forget_expired_sessions
from sandbox.aws.activity import PATIENCE_SECONDS, Activity
from sandbox.aws.state import StateFile

QUIET_SECONDS = 2.0
"""How long nothing has to change before the state is saved."""

BUSY_SECONDS = 120.0
"""How long the state is left unsaved while changes do not end: what a killed process loses at most."""

LAST_SECONDS = 3.0
"""How long requests that still run may hold off the last save."""

_ATTEMPTS = 5
_NEVER = -1
_LOG = logging.getLogger(__name__)


class Saver:
    """Saves the state from a thread of its own."""

    def __init__(self, state: StateFile, activity: Activity) -> None:
        self._state = state
        self._activity = activity
        self._saved = activity.changes
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="saver", daemon=True)

    def start(self) -> None:
        """Begin to save after changes."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and save what is not saved yet."""
        self._stopped.set()
        self._thread.join()
        self._saved = _NEVER
        self._save_if_changed(patience=1, longest=LAST_SECONDS)

    def _work(self) -> None:
        looked = time.monotonic()
        while not self._stopped.wait(QUIET_SECONDS / 4):
            if self._activity.quiet_for() >= QUIET_SECONDS or time.monotonic() - looked >= BUSY_SECONDS:
                looked = time.monotonic()
                try:
                    self._save_if_changed()
                except Exception:  # noqa: BLE001  # whatever it was, the next change may be saved
                    _LOG.exception("the state could not be saved; the next change tries again")
                    self._saved = self._activity.changes

    def _save_if_changed(self, *, patience: float = PATIENCE_SECONDS, longest: float | None = None) -> None:
        if self._activity.changes == self._saved:
            return
        with self._activity.writing(patience=patience, longest=longest):
            changes = self._activity.changes
            forget_expired_sessions(datetime.now(UTC))
            self._save()
        self._saved = changes

    def _save(self) -> None:
        """Save; queues are read by requests that do not wait for a writer, so that a try may be in vain."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._state.save()
            except RuntimeError:  # a dict changed its size while it was pickled
                if attempt == _ATTEMPTS:
                    raise
            else:
                return
