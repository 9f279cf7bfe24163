# ruff: noqa: ANN401  # boto3 and asyncssh give clients without types
"""Whom a client meets at the door: host keys, banner and algorithms are those of the newest server that is ONLINE."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from sandbox.home import LOOPBACK
from tests.sandbox.sftp_landing import Landing, landing, new_key

SFTP = shutil.which("sftp")
NAME = "sftp.landing.example"
BANNER = "Authorised partners only.\n"

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def host_keys() -> dict[str, Any]:
    return {kind: new_key(kind) for kind in ("ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256")}


def private(key: Any) -> str:
    return key.export_private_key().decode()


def add_server(zone: Landing, *keys: Any, **more: object) -> str:
    """Make a server with host keys and with skyway's user; the door is its own from now on."""
    transfer = zone.client("transfer")
    first, *others = keys
    server_id = transfer.create_server(HostKey=private(first), **more)["ServerId"]
    for key in others:
        transfer.import_host_key(ServerId=server_id, HostKeyBody=private(key))
    user = transfer.describe_user(ServerId=zone.server_id, UserName="skyway")["User"]
    names = ("UserName", "Role", "Policy", "HomeDirectoryType", "HomeDirectoryMappings")
    body = user["SshPublicKeys"][0]["SshPublicKeyBody"]
    transfer.create_user(ServerId=server_id, SshPublicKeyBody=body, **{name: user[name] for name in names})
    return server_id


@pytest.fixture
def server(zone: Landing, host_keys: dict[str, Any]) -> Iterator[str]:
    made = add_server(zone, *host_keys.values())
    yield made
    zone.client("transfer").delete_server(ServerId=made)


def sftp(zone: Landing, folder: Path, known: Any, *options: str) -> tuple[int, str]:
    """List the home with OpenSSH, which knows `known` by the door's vanity name alone; give code and words."""
    key, known_hosts = folder / "key", folder / "known_hosts"
    key.touch(mode=0o600)
    key.write_bytes(zone.keys["skyway"].export_private_key())
    known_hosts.write_text(f"{NAME} {known.export_public_key().decode()}")
    names = {
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(known_hosts),
        "HostKeyAlias": NAME,
        "IdentitiesOnly": "yes",
    }
    given = [part for name, value in names.items() for part in ("-o", f"{name}={value}")]
    command = [str(SFTP), "-F", "none", "-b", "-", *given, *options, "-i", str(key)]
    done = subprocess.run(  # noqa: S603  # the command is ours
        [*command, "-P", str(zone.home.ports.sftp), f"skyway@{LOOPBACK}"],
        input="ls",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(SFTP is None, reason="OpenSSH's sftp is not on this machine")
@pytest.mark.parametrize("kind", ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_what_a_client_pinned_outlives_the_server(
    zone: Landing, host_keys: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    transfer = zone.client("transfer")
    first = add_server(zone, *host_keys.values())
    code, said = sftp(zone, tmp_path, host_keys[kind])
    assert code == 0, said
    second = add_server(zone, *reversed(host_keys.values()))
    transfer.delete_server(ServerId=first)
    code, said = sftp(zone, tmp_path, host_keys[kind])
    assert code == 0, said
    transfer.delete_server(ServerId=second)


@pytest.mark.skipif(SFTP is None, reason="OpenSSH's sftp is not on this machine")
def test_a_server_with_other_keys_is_not_taken_for_the_same(
    zone: Landing, host_keys: dict[str, Any], tmp_path: Path
) -> None:
    made = add_server(zone, new_key("ssh-ed25519"))
    code, said = sftp(zone, tmp_path, host_keys["ssh-ed25519"])
    assert code != 0
    assert "Host key verification failed" in said
    zone.client("transfer").delete_server(ServerId=made)


async def shown_key(zone: Landing, *algorithms: str) -> str:
    """Give the fingerprint of the host key that a client sees who knows `algorithms` alone."""
    key: Any = await asyncssh.get_server_host_key(
        LOOPBACK, zone.home.ports.sftp, server_host_key_algs=algorithms, config=None
    )
    return key.get_fingerprint()


def test_the_oldest_key_of_each_type_is_shown(zone: Landing, server: str, host_keys: dict[str, Any]) -> None:
    transfer = zone.client("transfer")
    for kind in host_keys:
        transfer.import_host_key(ServerId=server, HostKeyBody=private(new_key(kind)))
    for kind, key in host_keys.items():
        algorithm = "rsa-sha2-512" if kind == "ssh-rsa" else kind
        assert asyncio.run(shown_key(zone, algorithm)) == key.get_fingerprint()
    oldest, *_ = transfer.list_host_keys(ServerId=server)["HostKeys"]
    transfer.delete_host_key(ServerId=server, HostKeyId=oldest["HostKeyId"])
    assert asyncio.run(shown_key(zone, "rsa-sha2-512")) != host_keys["ssh-rsa"].get_fingerprint()


def test_a_generated_key_is_the_one_that_is_described(zone: Landing) -> None:
    transfer = zone.client("transfer")
    made = transfer.create_server()["ServerId"]
    described = transfer.describe_server(ServerId=made)["Server"]["HostKeyFingerprint"]
    assert asyncio.run(shown_key(zone, "rsa-sha2-256")) + "=" == described
    transfer.delete_server(ServerId=made)


def test_the_users_of_another_server_do_not_come_in(zone: Landing, server: str, host_keys: dict[str, Any]) -> None:
    assert server

    async def log_in(user: str) -> None:
        async with zone.connect(user, known_hosts=None):
            pass

    asyncio.run(log_in("skyway"))
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(log_in("otherline"))
    assert host_keys


@pytest.mark.skipif(SFTP is None, reason="OpenSSH's sftp is not on this machine")
def test_the_banner_is_shown_before_the_login_and_none_after(
    zone: Landing, server: str, host_keys: dict[str, Any], tmp_path: Path
) -> None:
    zone.client("transfer").update_server(
        ServerId=server, PreAuthenticationLoginBanner=BANNER, PostAuthenticationLoginBanner="Welcome."
    )
    _, said = sftp(zone, tmp_path, host_keys["ssh-rsa"])
    assert BANNER in said
    assert "Welcome." not in said
    _, said = sftp(zone, tmp_path, host_keys["ssh-rsa"], "-o", "PubkeyAuthentication=no")
    assert BANNER in said
    assert "Permission denied" in said


@pytest.mark.parametrize(
    ("policy", "offer", "spoken"),
    [
        ("2025-03", ("kex_algs", "mlkem768x25519-sha256"), True),
        ("2025-03", ("kex_algs", "curve25519-sha256"), True),
        ("2024-01", ("kex_algs", "mlkem768x25519-sha256"), False),
        ("2024-01", ("kex_algs", "curve25519-sha256"), True),
        ("FIPS-2024-01", ("kex_algs", "curve25519-sha256"), False),
        ("FIPS-2024-01", ("kex_algs", "ecdh-sha2-nistp384"), True),
        ("2025-03", ("kex_algs", "diffie-hellman-group14-sha256"), False),
        ("2020-06", ("encryption_algs", "chacha20-poly1305@openssh.com"), True),
        ("2024-01", ("encryption_algs", "chacha20-poly1305@openssh.com"), False),
        ("2023-05", ("encryption_algs", "aes128-ctr"), False),
        ("2022-03", ("mac_algs", "hmac-sha2-256"), True),
        ("2023-05", ("mac_algs", "hmac-sha2-256"), False),
        ("2018-11", ("server_host_key_algs", "ssh-rsa"), True),
        ("2024-01", ("server_host_key_algs", "ssh-rsa"), False),
        ("FIPS-2024-01", ("server_host_key_algs", "ssh-rsa"), True),
        ("FIPS-2024-05", ("server_host_key_algs", "ssh-rsa"), False),
    ],
)
def test_the_security_policy_says_what_is_spoken(
    zone: Landing, server: str, policy: str, offer: tuple[str, str], *, spoken: bool
) -> None:
    option, algorithm = offer
    zone.client("transfer").update_server(ServerId=server, SecurityPolicyName=f"TransferSecurityPolicy-{policy}")
    options: dict[str, Any] = {option: [algorithm], "known_hosts": None}
    if option == "mac_algs":
        options["encryption_algs"] = ["aes256-ctr"]  # GCM brings a MAC of its own

    async def list_home() -> list[str]:
        async with zone.connect("skyway", **options) as connection, connection.start_sftp_client() as client:
            return await client.listdir("/")

    if spoken:
        asyncio.run(list_home())
    else:
        # The door hangs up as well, and under load that may be what the client sees first.
        with pytest.raises((asyncssh.KeyExchangeFailed, asyncssh.ConnectionLost, ConnectionResetError)):
            asyncio.run(list_home())


def test_without_a_host_key_nobody_comes_in(zone: Landing, server: str) -> None:
    transfer = zone.client("transfer")
    for key in transfer.list_host_keys(ServerId=server)["HostKeys"]:
        transfer.delete_host_key(ServerId=server, HostKeyId=key["HostKeyId"])
    with pytest.raises((asyncssh.ConnectionLost, ConnectionResetError)):
        asyncio.run(shown_key(zone, "ssh-ed25519"))
