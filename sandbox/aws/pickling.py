"""How moto's objects are pickled where they do not do it themselves, or do it wrongly.

An object's body goes to a file of its own, once: it never changes. A small one may stay in the pickle.
"""

from __future__ import annotations

import io
import os
import pickle
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore as VersionedKeyStore  # pyright: ignore[reportPrivateUsage]  # moto has no public name for it

_BODY = "_sandbox_body"
"""The attribute that names the file with an object's body."""

_MADE_ANEW: Mapping[type, Callable[[], object]] = {
    threading.Condition: threading.Condition,
    threading.Event: threading.Event,
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
}


@dataclass(frozen=True)
class Body:
    """Stands for an object's body in a pickle."""

    name: str


class StateWriter(pickle.Pickler):
    """Pickles moto's backends into `file`, objects' bodies into files in `bodies`; notes these in `named`."""

    def __init__(self, file: io.BytesIO, bodies: Path, named: set[str], *, inline: int = -1) -> None:
        """Take, beside these, how many bytes a body may have to stay in the pickle, if it has no file yet."""
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._bodies = bodies
        self._named = named
        self._inline = inline

    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401  # what pickle wants
        """Say how to make `obj` again, where its own way does not do."""
        if isinstance(obj, FakeKey):
            return _stored_object, (type(obj), *self._split(obj))
        if isinstance(obj, VersionedKeyStore):  # its own items() gives the last versions alone
            return _versions, ({name: obj.getlist(name) for name in cast("dict[str, object]", obj)},)
        if isinstance(obj, RSAPrivateKey | EllipticCurvePrivateKey):
            der = obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            return _private_key, (der,)
        for kind, make in _MADE_ANEW.items():
            if isinstance(obj, kind):
                return make, ()
        return NotImplemented

    def persistent_id(self, obj: object) -> str | None:
        """Name a body's file in the place of the body."""
        return obj.name if isinstance(obj, Body) else None

    def _split(self, key: FakeKey) -> tuple[dict[str, Any], Body | bytes]:
        """Give an object without its body, and its body or the file that has it."""
        attributes = {name: value for name, value in vars(key).items() if name not in {"_value_buffer", "lock"}}
        name = attributes.get(_BODY)
        if name is None:
            # The parts of an upload that is complete live on, closed: their bytes are in the whole.
            body = b"" if key.disposed else key.value
            if len(body) <= self._inline:
                return attributes, body
            name = attributes[_BODY] = uuid.uuid4().hex
            _write_new(self._bodies / name, body)
            vars(key)[_BODY] = name
        self._named.add(name)
        return attributes, Body(name)


class StateReader(pickle.Unpickler):
    """Reads what StateWriter wrote."""

    def __init__(self, content: bytes, bodies: Path) -> None:
        super().__init__(io.BytesIO(content))
        self._bodies = bodies

    def persistent_load(self, pid: str) -> bytes:
        """Give a body."""
        return (self._bodies / pid).read_bytes()


def _stored_object(kind: type[FakeKey], attributes: dict[str, Any], body: bytes) -> FakeKey:
    key = cast("FakeKey", kind.__new__(kind))
    key.__setstate__({**attributes, "value": body})
    return key


def _private_key(der: bytes) -> object:
    return load_der_private_key(der, None)


def _versions(versions: dict[str, list[object]]) -> VersionedKeyStore:
    store = VersionedKeyStore()
    for name, one in versions.items():
        store.setlist(name, one)
    return store


def replace_file(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    _write_new(scratch, content)
    scratch.replace(file)


def _write_new(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
