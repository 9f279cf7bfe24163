"""Where a sandbox keeps its files, which ports it uses, and the credentials that it made for itself.

Every part of the sandbox gets one `SandboxHome`. Ports come from the one table here; credentials are made at the first
start and never leave the state folder but through the environment of the processes that need them.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, fields, replace
from pathlib import Path

from pydantic import TypeAdapter

LOOPBACK = "127.0.0.1"
"""The only address that the sandbox ever binds."""

DEFAULT_BASE_PORT = 14500
"""First of the sandbox's ports; `Pulumi.dev.yaml` names the ports that follow from it."""

ACCOUNT_ID = "123456789012"
"""The landing zone's own AWS account in the sandbox."""

SNOWFLAKE_ACCOUNT_ID = "999999999999"
"""The AWS account in which the sandbox's Snowflake keeps its IAM user and its pipes' queue."""

REGION = "us-east-1"
"""The one region that the sandbox serves."""

SNOWFLAKE_USER = "LANDING"
"""The Snowflake user that the `dev` stack deploys with."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The table of ports: each part's own, counted from one base."""

    aws: int
    sftp: int
    snowflake: int
    prefect: int
    git: int
    plugin_aws: int
    plugin_snowflake: int

    @classmethod
    def from_base(cls, base: int) -> Ports:
        """Give the ports of a sandbox whose first port is `base`, in the order of the fields."""
        return cls(**{field.name: base + index for index, field in enumerate(fields(cls))})


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """An AWS access key."""

    access_key_id: str
    secret_access_key: str

    @classmethod
    def generate(cls) -> KeyPair:
        """Make a key pair of the form that AWS gives to IAM users."""
        alphabet = string.ascii_uppercase + "234567"
        identifier = "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16))
        return cls(access_key_id=identifier, secret_access_key=secrets.token_urlsafe(30))


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What opens the sandbox's doors: made at run time, kept in a file that only its owner reads."""

    deployer: KeyPair
    """The landing zone account's administrator: what a person's own AWS credentials are on a real stack."""
    worker: KeyPair
    """The Prefect worker's IAM user: reads the partners' objects and nothing else."""
    snowflake: KeyPair
    """Snowflake's own IAM user, in Snowflake's AWS account."""
    snowflake_password: str
    """The password of `SNOWFLAKE_USER`."""
    snowflake_private_key: str = ""
    """The private key of `SNOWFLAKE_USER`, PEM; empty only in what an older sandbox kept."""

    @classmethod
    def generate(cls) -> Credentials:
        """Make a full set of new credentials."""
        return cls(
            deployer=KeyPair.generate(),
            worker=KeyPair.generate(),
            snowflake=KeyPair.generate(),
            snowflake_password=secrets.token_urlsafe(24),
            snowflake_private_key=new_private_key(),
        )

    def complete(self) -> Credentials:
        """Give the same credentials, with those that an older sandbox did not make yet."""
        return self if self.snowflake_private_key else replace(self, snowflake_private_key=new_private_key())


def new_private_key() -> str:
    """Make a private key of the form that Snowflake's clients take: RSA of 2048 bits, PKCS #8, PEM."""
    # Imported when a key is made, which is once in a sandbox's life: every command would pay for it.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a sandbox remembers between two starts."""

    base_port: int
    credentials: Credentials


_KEPT = TypeAdapter(Kept)


def _put_first(scratch: Path, file: Path) -> bool:
    """Give `scratch` the name `file` unless something has it; say whether that went well."""
    try:
        file.hardlink_to(scratch)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    return True


@dataclass(frozen=True, kw_only=True)
class SandboxHome:
    """One sandbox: its folder, its ports and its credentials."""

    root: Path
    ports: Ports
    credentials: Credentials

    @classmethod
    def open(cls, root: Path, base_port: int | None = None, new_credentials: Credentials | None = None) -> SandboxHome:
        """Open the sandbox kept in `root`, made there when it is not there yet.

        A `base_port` that is given is remembered for the next time. `new_credentials` are for a sandbox that has none
        yet; else it makes its own.
        """
        root = root.resolve()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = root / "home.json"
        kept = _KEPT.validate_json(file.read_bytes()) if file.exists() else None
        wanted = Kept(
            base_port=base_port or (kept.base_port if kept else DEFAULT_BASE_PORT),
            credentials=kept.credentials.complete() if kept else new_credentials or Credentials.generate(),
        )
        if wanted != kept:
            scratch = file.with_suffix(f".{secrets.token_hex(4)}")
            scratch.touch(mode=0o600)
            scratch.write_bytes(_KEPT.dump_json(wanted, indent=2))
            if kept is not None:
                scratch.replace(file)
            elif not _put_first(scratch, file):
                # Another first command was quicker: its credentials are the sandbox's.
                return cls.open(root, base_port)
        return cls(root=root, ports=Ports.from_base(wanted.base_port), credentials=wanted.credentials)

    def folder(self, part: str) -> Path:
        """Give the folder in which `part` keeps what it must find again after a restart."""
        folder = self.root / part
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def log(self, part: str) -> Path:
        """Give the log file of `part`."""
        return self.folder("logs") / f"{part}.log"

    def url(self, part: str) -> str:
        """Give the HTTP address of `part`, a name from the table of ports."""
        return f"http://{LOOPBACK}:{getattr(self.ports, part)}"
