"""The state of all that moto holds, written to a file and found again at the next start.

One file holds a pickle for each service, so that a service that cannot be pickled loses its own state alone. A
stored object's body never changes, so each is written once, to a file of its own, and the pickle names it. A file that
another version of moto wrote, or that is damaged, is moved aside, and the sandbox starts empty.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import os
import pickle  # the file is the sandbox's own, in a folder that only its owner reads
import threading
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey, s3_backends

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_MAGIC = b"landing sandbox aws\n"
_INSTANCES = "_instances"  # moto has no public list of its backends
_LEFT_OUT = frozenset({"moto_api", "instance_metadata"})

Backends = dict[str, dict[str, BaseBackend]]
"""A service's backends, by account and region."""


class StateError(Exception):
    """A state file that cannot be used."""


class _Writer(pickle.Pickler):
    """Pickles backends: locks are made anew at loading, and bodies go to files of their own."""

    def __init__(self, file: io.BytesIO, bodies: Path, named: set[str]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._bodies = bodies
        self._named = named

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401  # what pickle wants
        if isinstance(obj, FakeKey):
            return _stored_object, (type(obj), *self._split(obj))
        for kind, make in _LOCKS.items():
            if isinstance(obj, kind):
                return make, ()
        return NotImplemented

    def _split(self, key: FakeKey) -> tuple[dict[str, Any], Path]:
        """Give an object without its body, and the file that has it."""
        attributes = dict(vars(key))
        name = attributes.get("_sandbox_body")
        if name is None:
            name = uuid.uuid4().hex
            _replace(self._bodies / name, key.value)
            vars(key)["_sandbox_body"] = attributes["_sandbox_body"] = name
        self._named.add(name)
        for made_anew in ("_value_buffer", "lock"):
            attributes.pop(made_anew, None)
        return attributes, self._bodies / name


_LOCKS: Mapping[type, Callable[[], object]] = {
    threading.Condition: threading.Condition,
    threading.Event: threading.Event,
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}


def _stored_object(kind: type[FakeKey], attributes: dict[str, Any], body: Path) -> FakeKey:
    key = cast("FakeKey", kind.__new__(kind))
    key.__setstate__({**attributes, "value": body.read_bytes()})
    return key


def _replace(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(file)


class StateFile:
    """The file in which moto's state is kept."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state"
        self._bodies = folder / "bodies"
        self._bodies.mkdir(exist_ok=True, mode=0o700)
        self._unpicklable: set[str] = set()

    def save(self) -> None:
        """Write down all that moto holds; nothing may change it meanwhile."""
        named: set[str] = set()
        services = {name: self._pickled(name, backends, named) for name, backends in _touched().items()}
        kept = {name: pickled for name, pickled in services.items() if pickled is not None}
        header = json.dumps({"format": _FORMAT, "moto": version("moto")}).encode()
        content = _MAGIC + header + b"\n" + pickle.dumps((dict(s3_backends.bucket_accounts), kept))
        _replace(self._file, content)
        for body in self._bodies.iterdir():
            if body.name not in named:
                body.unlink()

    def _pickled(self, service: str, backends: Backends, named: set[str]) -> bytes | None:
        buffer = io.BytesIO()
        try:
            _Writer(buffer, self._bodies, named).dump(backends)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            if service not in self._unpicklable:
                self._unpicklable.add(service)
                _LOG.warning("the state of %s is not kept over a restart: %s", service, error)
            return None
        return buffer.getvalue()

    def load(self) -> bool:
        """Give moto what was written down; say whether there was anything to give."""
        if not self._file.exists():
            return False
        try:
            buckets, services = self._read()
        except Exception as error:  # noqa: BLE001  # unpickling a damaged file may raise anything
            aside = self._file.with_name(f"state.unusable-{uuid.uuid4().hex[:8]}")
            self._file.replace(aside)
            self._bodies.replace(aside.with_name(f"bodies{aside.suffix}"))
            self._bodies.mkdir(mode=0o700)
            _LOG.warning(
                "the state in %s cannot be used (%s): starting empty, the old one is %s", self._file, error, aside.name
            )
            return False
        for name, backends in services.items():
            _restore(name, backends)
        s3_backends.bucket_accounts.update(buckets)
        return True

    def _read(self) -> tuple[dict[str, tuple[str, str]], dict[str, Backends]]:
        content = self._file.read_bytes()
        if not content.startswith(_MAGIC):
            raise StateError("it is not a state file")
        header, _, pickled = content.removeprefix(_MAGIC).partition(b"\n")
        written_by = json.loads(header)
        if written_by != {"format": _FORMAT, "moto": version("moto")}:
            raise StateError(f"it was written by {written_by}, this is moto {version('moto')}, format {_FORMAT}")
        buckets, services = pickle.loads(pickled)  # noqa: S301  # see the import
        return buckets, {name: pickle.loads(backends) for name, backends in services.items()}  # noqa: S301


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
