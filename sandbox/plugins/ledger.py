"""Which objects were made for an engine that may have died before it wrote them down.

An engine killed between a creation and the writing of its state asks for the same resource again. The ledger keeps each
creation until the engine shows, by any later call with the id, that it knows it; until then the same resource's
creation finds the object again instead of making a second one.
"""

from __future__ import annotations

import json
from pathlib import Path
from threading import Lock


class Ledger:
    """The ids of creations that no engine has confirmed yet, by resource name (URN), kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._open: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def find(self, urn: str) -> str | None:
        """Give the id of what was made for `urn` and never confirmed."""
        return self._open.get(urn)

    def record(self, urn: str, identifier: str) -> None:
        """Note that `identifier` was made for `urn`."""
        with self._lock:
            self._open[urn] = identifier
            self._write()

    def confirm(self, urn: str, identifier: str) -> None:
        """Forget a creation: the engine has shown that it knows the id."""
        with self._lock:
            if self._open.get(urn) == identifier:
                del self._open[urn]
                self._write()

    def _write(self) -> None:
        scratch = self._file.with_suffix(".new")
        scratch.write_text(json.dumps(self._open), encoding="utf-8")
        scratch.replace(self._file)
