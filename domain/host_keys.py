"""The SSH host keys of the door: the identity that clients pin, which outlives each server that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationInfo

from domain.ssh_keys import PublicKey, parse_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_FORM = "give the private key's text as a secret, or {file: <path from the project's folder>}"
_OPENSSH = "BEGIN OPENSSH PRIVATE KEY"
LONGEST_BODY = 4096
"""AWS Transfer's limit for a host key, in characters (API, CreateServer and ImportHostKey)."""


@dataclass(frozen=True, kw_only=True)
class HostKey:
    """One host key of the door."""

    public: PublicKey
    private: str = field(repr=False)
    """The private key as AWS Transfer reads it; nobody prints it."""

    @property
    def algorithm(self) -> str:
        """RSA, ECDSA or ED25519: AWS Transfer shows the oldest key of each."""
        return _algorithm(self.public)


def _algorithm(key: PublicKey) -> str:
    return {"ssh-rsa": "RSA", "ssh-ed25519": "ED25519"}.get(key.type, "ECDSA")


def known_hosts_line(hostname: str, key: HostKey) -> str:
    """Write the line by which an OpenSSH client knows the door (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT")."""
    return f"{hostname} {key.public.body}"


def _read_host_key(value: object, info: ValidationInfo) -> HostKey:
    """Read a private key. No message repeats any of it."""
    if isinstance(value, str):
        return _parse(value)
    if not isinstance(value, dict) or set(cast("dict[object, object]", value)) != {"file"}:
        raise ValueError(_FORM)
    name = str(cast("dict[object, object]", value)["file"])
    base = info.context if isinstance(info.context, Path) else Path()
    try:
        return _parse((base / name).read_text(encoding="utf-8"))
    except (OSError, UnicodeError):
        raise ValueError(f"the key file {name!r} cannot be read; make it or name another") from None


def _parse(text: str) -> HostKey:
    # Forty milliseconds of import that a stack without host keys of its own saves.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_pem_private_key,
        load_ssh_private_key,
    )

    load = load_ssh_private_key if _OPENSSH in text else load_pem_private_key
    none_at_all = f"this is no private key of RSA, ECDSA (NIST's curves) or ED25519; {_FORM}"
    try:
        private = load(text.strip().encode() + b"\n", None)
        if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
            raise ValueError(none_at_all)  # noqa: TRY004, TRY301  # told with the others, below
        line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    except TypeError:
        raise ValueError("the key has a passphrase; AWS Transfer takes keys without one: `ssh-keygen -p`") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(none_at_all) from None
    key = HostKey(public=parse_public_key(line), private=_as_transfer_reads(private, text))
    if len(key.private) > LONGEST_BODY:
        raise ValueError(
            f"the key's text has {len(key.private)} characters, and AWS Transfer takes {LONGEST_BODY}; "
            "make an RSA key of 4096 bits at most, or an ED25519 key"
        )
    return key


def _as_transfer_reads(private: RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey, text: str) -> str:
    """Write RSA and ECDSA keys as PEM, as AWS Transfer documents them; for ED25519 there is only OpenSSH's form."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415  # as above
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

    if not isinstance(private, Ed25519PrivateKey):
        return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    if _OPENSSH not in text:
        raise ValueError("an ED25519 key must be in OpenSSH's own form, as `ssh-keygen -t ed25519` writes it")
    return text.strip() + "\n"


def _one_of_each(keys: tuple[HostKey, ...]) -> tuple[HostKey, ...]:
    algorithms = [key.algorithm for key in keys]
    if twins := sorted({name for name in algorithms if algorithms.count(name) > 1}):
        raise ValueError(f"AWS Transfer shows one key of each type, got two of {', '.join(twins)}; keep one")
    return keys


def _a_list(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError(f"is not a list; for each key {_FORM}")  # noqa: TRY004  # pydantic makes a fault of this one
    return cast("list[object]", value)


HOST_KEYS: TypeAdapter[tuple[HostKey, ...]] = TypeAdapter(
    Annotated[
        tuple[Annotated[HostKey, BeforeValidator(_read_host_key)], ...],
        BeforeValidator(_a_list),
        AfterValidator(_one_of_each),
    ]
)
"""At most one key of each type."""
