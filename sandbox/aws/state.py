"""The state of all that moto holds, written to a file and found again at the next start.

One file holds a pickle for each service, so that a service that cannot be pickled loses its own state alone. What S3
and SQS confirmed since it was written is in a journal beside it. A file that another version of moto wrote, or that is
damaged, is moved aside with its journal, and the sandbox starts empty.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import pickle  # the file is the sandbox's own, in a folder that only its owner reads
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import cast

from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import s3_backends

from sandbox.aws.journal import Journal
from sandbox.aws.pickling import StateReader, StateWriter, replace_file

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_WRITER = {"format": _FORMAT, "moto": version("moto")}
_MAGIC = b"landing sandbox aws\n"
_INSTANCES = "_instances"  # moto has no public list of its backends
_LEFT_OUT = frozenset({"moto_api", "instance_metadata"})

Backends = dict[str, dict[str, BaseBackend]]
"""A service's backends, by account and region."""


class StateError(Exception):
    """A state file that cannot be used."""


class StateFile:
    """The file in which moto's state is kept, and its journal."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state"
        self.bodies = folder / "bodies"
        """Where objects' bodies lie."""
        self.bodies.mkdir(exist_ok=True, mode=0o700)
        self.journal = Journal(folder)
        """What has been confirmed since the file was written."""
        self._unpicklable: set[str] = set()

    def save(self) -> None:
        """Write down all that moto holds; nothing may change it meanwhile."""
        with self.journal.held():
            named: set[str] = set()
            services = {name: self._pickled(name, backends, named) for name, backends in _touched().items()}
            kept = {name: pickled for name, pickled in services.items() if pickled is not None}
            number = self.journal.number + 1
            header = json.dumps({**_WRITER, "journal": number}).encode()
            content = _MAGIC + header + b"\n" + pickle.dumps((dict(s3_backends.bucket_accounts), kept))
            replace_file(self._file, content)
            self.journal.begin(number)
            if None in services.values():
                # What could not be written may still refer to bodies that the next state names again.
                return
            for body in self.bodies.iterdir():
                if body.name not in named:
                    body.unlink()

    def _pickled(self, service: str, backends: Backends, named: set[str]) -> bytes | None:
        buffer = io.BytesIO()
        try:
            StateWriter(buffer, self.bodies, named).dump(backends)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            if service not in self._unpicklable:
                self._unpicklable.add(service)
                _LOG.warning("the state of %s is not kept over a restart: %s", service, error)
            return None
        return buffer.getvalue()

    def load(self) -> bool:
        """Give moto what was written down; say whether there was anything to give."""
        number = self._load_saved() if self._file.exists() else None
        records = 0
        for record in self.journal.resume(number or 0):
            self._apply(record)
            records += 1
        if records:
            _LOG.info("the last process ended before it saved: %d changes are taken from the journal", records)
        return number is not None or records > 0

    def _load_saved(self) -> int | None:
        """Give moto what the file has; give the number of its journal, None when the file cannot be used."""
        try:
            number, buckets, services = self._read()
        except Exception as error:  # noqa: BLE001  # unpickling a damaged file may raise anything
            self._move_aside(error)
            return None
        for name, backends in services.items():
            _restore(name, backends)
        s3_backends.bucket_accounts.update(buckets)
        return number

    def _read(self) -> tuple[int, dict[str, tuple[str, str]], dict[str, Backends]]:
        content = self._file.read_bytes()
        if not content.startswith(_MAGIC):
            raise StateError("it is not a state file")
        header, _, pickled = content.removeprefix(_MAGIC).partition(b"\n")
        written_by = json.loads(header)
        number = written_by.pop("journal", 0)
        if written_by != _WRITER:
            raise StateError(f"it was written by {written_by}, this is moto {_WRITER['moto']}, format {_FORMAT}")
        buckets, services = pickle.loads(pickled)  # noqa: S301  # see the import
        return number, buckets, {name: StateReader(backends, self.bodies).load() for name, backends in services.items()}

    def _move_aside(self, error: Exception) -> None:
        aside = self._file.with_name(f"state.unusable-{uuid.uuid4().hex[:8]}")
        self._file.replace(aside)
        self.bodies.replace(aside.with_name(f"bodies{aside.suffix}"))
        self.bodies.mkdir(mode=0o700)
        for journal in self._file.parent.glob("journal.*"):
            journal.replace(aside.with_name(f"{journal.stem}{aside.suffix}"))
        _LOG.warning(
            "the state in %s cannot be used (%s): starting empty, the old one is %s", self._file, error, aside.name
        )

    def _apply(self, record: bytes) -> None:
        try:
            StateReader(record, self.bodies).load().apply()
        except Exception:  # noqa: BLE001  # as above; one change less is better than none
            _LOG.exception("a change in the journal cannot be used, and is left out")


def _touched() -> dict[str, Backends]:
    """Give the backends that hold anything, by service."""
    instances: list[BackendDict[BaseBackend]] = getattr(BackendDict, _INSTANCES)
    return {
        service.backend.__module__: {account: dict(regions) for account, regions in service.items()}
        for service in instances
        if service.service_name not in _LEFT_OUT
    }


def _restore(module: str, backends: Backends) -> None:
    """Put a service's backends where moto looks for them."""
    loaded = vars(importlib.import_module(module)).values()
    places = [cast("BackendDict[BaseBackend]", one) for one in loaded if isinstance(one, BackendDict)]
    place = next(one for one in places if one.backend.__module__ == module)
    for account, regions in backends.items():
        for region, backend in regions.items():
            place[account][region] = backend
