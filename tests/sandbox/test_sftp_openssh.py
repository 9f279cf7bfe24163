"""The door as partners meet it: with OpenSSH's own client, and what that client prints."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.home import LOOPBACK
from tests.sandbox.sftp_landing import BUCKET, Landing, landing, prefix_policy

SFTP = shutil.which("sftp")

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(SFTP is None, reason="OpenSSH's sftp is not on this machine")]


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landing]:
    with landing(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def sftp(zone: Landing, folder: Path, user: str, *batch: str, key_of: str | None = None) -> tuple[int, str]:
    """Run `batch` as `user` and give the exit code with all that the client printed."""
    key, known = folder / "key", folder / "known_hosts"
    key.touch(mode=0o600)
    key.write_bytes(zone.keys[key_of or user].export_private_key())
    known.write_text(zone.known_hosts)
    options = ["-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes", "-i", str(key)]
    command = [str(SFTP), "-b", "-", *options, "-P", str(zone.home.ports.sftp), f"{user}@{LOOPBACK}"]
    done = subprocess.run(  # noqa: S603  # the batch is ours
        command, input="\n".join(batch), capture_output=True, text=True, timeout=60, check=False, cwd=folder
    )
    return done.returncode, done.stdout + done.stderr


def test_a_delivery_from_login_to_logout(zone: Landing, tmp_path: Path) -> None:
    content = bytes(range(256)) * 80_000
    (tmp_path / "sent.csv").write_bytes(content)
    code, said = sftp(
        zone,
        tmp_path,
        "skyway",
        "mkdir flights",
        "put sent.csv flights/2013-01.csv",
        "put sent.csv 'a name with spaces.csv'",
        "ls -l flights",
        "rename flights/2013-01.csv flights/2013-02.csv",
        "get flights/2013-02.csv received.csv",
        "rm 'a name with spaces.csv'",
        "ls",
        "rm flights/2013-02.csv",
        "rmdir flights",
    )
    assert code == 0, said
    assert "20480000" in said
    assert (tmp_path / "received.csv").read_bytes() == content


def test_a_wrong_key_is_refused(zone: Landing, tmp_path: Path) -> None:
    code, said = sftp(zone, tmp_path, "skyway", "ls", key_of="otherline")
    assert code != 0
    assert "Permission denied (publickey)" in said


def test_another_partners_home_is_out_of_reach(zone: Landing, tmp_path: Path) -> None:
    zone.client("s3").put_object(Bucket=BUCKET, Key="partners/otherline/secret.csv", Body=b"secret")
    code, said = sftp(zone, tmp_path, "skyway", "get ../otherline/secret.csv")
    assert code != 0
    assert "not found" in said
    code, said = sftp(zone, tmp_path, "skyway", "cd ..", "pwd")
    assert "Remote working directory: /\n" in said


def test_a_role_without_kms_rights_shows_as_permission_denied(zone: Landing, tmp_path: Path) -> None:
    document = json.loads(prefix_policy("partners/keyless"))
    document["Statement"] = [one for one in document["Statement"] if "kms:Decrypt" not in one["Action"]]
    zone.add_user("keyless", zone.add_role("keyless", json.dumps(document)))
    (tmp_path / "sent.csv").write_bytes(b"1")
    _, said = sftp(zone, tmp_path, "keyless", "ls")
    assert "Couldn't read directory: Permission denied" in said
    code, said = sftp(zone, tmp_path, "keyless", "put sent.csv")
    assert code != 0
    assert "Permission denied" in said
    assert zone.stored("partners/keyless/sent.csv") is None


def test_times_are_not_kept(zone: Landing, tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_bytes(b"1")
    _, said = sftp(zone, tmp_path, "skyway", "put -p sent.csv")
    assert "Operation unsupported" in said
