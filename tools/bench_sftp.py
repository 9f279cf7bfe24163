"""`python -m tools.bench_sftp`: the SFTP door's speed beside rclone's own SFTP server, on one S3 and by one client.

Both serve the same bucket of the same sandbox, which is encrypted with a key of its own, with credentials of the same
role; rclone serves without its file cache, so that with both a file that was put is in S3. OpenSSH's `sftp` puts and
gets, and what it gets is compared with what was put.
"""

from __future__ import annotations

import asyncio
import filecmp
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from rich.console import Console
from rich.table import Table
from tenacity import retry, stop_after_delay, wait_fixed

from sandbox.free_ports import free_base_port
from sandbox.home import ACCOUNT_ID, LOOPBACK
from tools.rclone import built
from tools.rehearsal import Project

_PAIRS = 3
_BIG = 200 * 2**20
_SMALL_COUNT = 500
_SMALL = 10 * 2**10
_BUCKET = "bench-sftp"
_FOLDER = "files"
_USER = "bench"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How long the door took for something, beside rclone."""

    what: str
    ours: float
    """Seconds, the median."""
    theirs: float
    ratio: float
    """The median of the pairs' ratios, our time by theirs: 1 or less is as fast."""

    @property
    def name(self) -> str:
        """What is compared, as docs/benchmarks.md names it."""
        return f"SFTP door, {self.what}, to rclone's"

    @property
    def detail(self) -> str:
        """The times themselves."""
        return f"{self.ours:.2f} s against {self.theirs:.2f} s, median of {_PAIRS} pairs, OpenSSH's client"


@dataclass(frozen=True)
class _Server:
    """One of the two that are compared, as a client sees it."""

    port: int
    known_hosts: Path
    key: Path

    def run(self, folder: Path, *batch: str) -> float:
        """Run the client's commands, and give the seconds that it took from its start to its end."""
        options = ["-F", "none", "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
        identity = ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i", str(self.key)]
        command = ["sftp", "-q", "-b", "-", *options, *identity, "-P", str(self.port), f"{_USER}@{LOOPBACK}"]
        begun = time.monotonic()
        done = subprocess.run(  # noqa: S603  # our own words
            command, cwd=folder, input="\n".join(batch), check=False, capture_output=True, text=True
        )
        took = time.monotonic() - begun
        if done.returncode:
            raise SystemExit(f"bench: sftp failed at port {self.port}\n{done.stdout}\n{done.stderr}")
        return took


def compare(project: Project, scratch: Path) -> list[Comparison]:
    """Measure on the project's sandbox, of which `aws` is up; `scratch` is an empty folder for files and keys."""
    rclone = built()
    key = scratch / "key"
    pair = asyncssh.generate_private_key("ssh-ed25519")  # pyright: ignore[reportUnknownMemberType]  # open **kwargs
    key.touch(mode=0o600)
    key.write_bytes(pair.export_private_key())
    public = pair.export_public_key().decode()
    role = _furnish(project, public)
    with _rclone(rclone, project, scratch, role, public) as port:
        known_hosts = scratch / "known_hosts"
        lines = [_known_host(one) for one in (project.home.ports.sftp, port)]
        known_hosts.write_text("".join(lines))
        door, peer = _Server(project.home.ports.sftp, known_hosts, key), _Server(port, known_hosts, key)
        return _measured(project, scratch, door, peer)


def _known_host(port: int) -> str:
    host_key = asyncio.run(asyncssh.get_server_host_key(LOOPBACK, port))
    if host_key is None:
        raise SystemExit(f"bench: the server at port {port} shows no host key")
    return f"[{LOOPBACK}]:{port} {host_key.export_public_key().decode().strip()}\n"


def _measured(project: Project, scratch: Path, door: _Server, peer: _Server) -> list[Comparison]:
    sent = scratch / "sent"
    _write_files(sent)
    rounds: dict[str, list[tuple[float, float]]] = {}
    for number in range(_PAIRS + 1):
        pairs: dict[str, dict[str, float]] = {}
        for name, server in (("door", door), ("rclone", peer)) if number % 2 else (("rclone", peer), ("door", door)):
            for what, took in _round(server, sent, scratch / "got", f"round-{number}").items():
                pairs.setdefault(what, {})[name] = took
            _empty(project)
        if number:  # the first round only warms both up
            for what, took in pairs.items():
                rounds.setdefault(what, []).append((took["door"], took["rclone"]))
    return [
        Comparison(
            what=what,
            ours=statistics.median(ours for ours, _ in pairs),
            theirs=statistics.median(theirs for _, theirs in pairs),
            ratio=statistics.median(ours / theirs for ours, theirs in pairs),
        )
        for what, pairs in rounds.items()
    ]


def _round(server: _Server, sent: Path, got: Path, folder: str) -> dict[str, float]:
    """Put and get everything once, each with a client of its own."""
    got.mkdir()
    server.run(sent, f"mkdir {folder}", f"mkdir {folder}/small")
    took = {
        "put of 200 MiB": server.run(sent, f"put big.bin {folder}/big.bin"),
        "get of 200 MiB": server.run(got, f"get {folder}/big.bin big.bin"),
        "put of 500 files of 10 KiB": server.run(sent, f"put small/* {folder}/small/"),
        "get of 500 files of 10 KiB": server.run(got, f"get {folder}/small/* ."),
    }
    names = [file.name for file in (sent / "small").iterdir()]
    _, wrong, missing = filecmp.cmpfiles(sent / "small", got, names, shallow=False)
    if wrong or missing or not filecmp.cmp(sent / "big.bin", got / "big.bin", shallow=False):
        raise SystemExit(f"bench: what came back is not what was put: {wrong or missing or 'big.bin'}")
    shutil.rmtree(got)
    return took


def _write_files(folder: Path) -> None:
    noise = random.Random(0)  # noqa: S311  # content, not a secret
    (folder / "small").mkdir(parents=True)
    (folder / "big.bin").write_bytes(noise.randbytes(_BIG))
    for number in range(_SMALL_COUNT):
        (folder / "small" / f"{number:03}.bin").write_bytes(noise.randbytes(_SMALL))


def _furnish(project: Project, public_key: str) -> str:
    """Make the bucket with its key, the role, and a Transfer user; give the role's ARN."""
    key = project.aws("kms").create_key()["KeyMetadata"]["Arn"]
    s3, iam, transfer = project.aws("s3"), project.aws("iam"), project.aws("transfer")
    s3.create_bucket(Bucket=_BUCKET)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=_BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})
    s3.put_object(Bucket=_BUCKET, Key=f"{_FOLDER}/")  # Transfer passes over a home whose folder is not there
    principals = {"Service": "transfer.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
    trust = _policy({"Principal": principals, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName=_USER, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    access = _policy(
        {"Action": "s3:*", "Resource": [f"arn:aws:s3:::{_BUCKET}", f"arn:aws:s3:::{_BUCKET}/*"]},
        {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key},
    )
    iam.put_role_policy(RoleName=_USER, PolicyName="access", PolicyDocument=access)
    transfer.create_user(
        ServerId=transfer.create_server()["ServerId"],
        UserName=_USER,
        Role=role,
        HomeDirectoryType="LOGICAL",
        HomeDirectoryMappings=[{"Entry": "/", "Target": f"/{_BUCKET}/{_FOLDER}"}],
        SshPublicKeyBody=public_key,
    )
    return role


def _policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


@contextmanager
def _rclone(rclone: Path, project: Project, scratch: Path, role: str, public_key: str) -> Generator[int]:
    """Serve the bucket by rclone, and give its port."""
    keys = project.aws("sts").assume_role(RoleArn=role, RoleSessionName="rclone")["Credentials"]
    authorized = scratch / "authorized_keys"
    authorized.write_text(public_key)
    port = free_base_port(project.home.ports.aws + 100)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "RCLONE_CONFIG_SANDBOX_TYPE": "s3",
        "RCLONE_CONFIG_SANDBOX_PROVIDER": "Other",
        "RCLONE_CONFIG_SANDBOX_ENDPOINT": project.home.url("aws"),
        "RCLONE_CONFIG_SANDBOX_REGION": "us-east-1",
        "RCLONE_CONFIG_SANDBOX_FORCE_PATH_STYLE": "true",
        "RCLONE_CONFIG_SANDBOX_NO_CHECK_BUCKET": "true",
        "RCLONE_CONFIG_SANDBOX_ACCESS_KEY_ID": keys["AccessKeyId"],
        "RCLONE_CONFIG_SANDBOX_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "RCLONE_CONFIG_SANDBOX_SESSION_TOKEN": keys["SessionToken"],
    }
    serve = ["serve", "sftp", f"sandbox:{_BUCKET}/{_FOLDER}", "--vfs-cache-mode", "off", "--user", _USER]
    address = ["--addr", f"{LOOPBACK}:{port}", "--authorized-keys", str(authorized)]
    with (scratch / "rclone.log").open("wb") as log:
        process = subprocess.Popen([str(rclone), *serve, *address], env=environment, stdout=log, stderr=log)  # noqa: S603  # our own words
    try:
        _await_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


@retry(stop=stop_after_delay(30), wait=wait_fixed(0.05), reraise=True)
def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise SystemExit(f"bench: rclone ended at once with code {process.returncode}")
    socket.create_connection((LOOPBACK, port), timeout=1).close()


def _empty(project: Project) -> None:
    """Delete all objects: the store gets slower with their number."""
    s3 = project.aws("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", []) if item["Key"] != f"{_FOLDER}/"]
        s3.delete_objects(Bucket=_BUCKET, Delete={"Objects": keys, "Quiet": True})


def main() -> int:
    """Measure and print; give the exit code, 1 where the door is slower."""
    with tempfile.TemporaryDirectory(prefix="landing-bench-") as folder:
        project = Project.make(Path(folder))
        try:
            started = project.sandbox("up", "--only", "aws")
            if started.returncode:
                raise SystemExit(f"bench: the sandbox does not start\n{started.stdout}\n{started.stderr}")
            scratch = Path(folder) / "sftp"
            scratch.mkdir()
            comparisons = compare(project, scratch)
        finally:
            project.sandbox("down")
    table = Table("", "times rclone's time", "how")
    for one in comparisons:
        table.add_row(one.name, f"{one.ratio:.2f}", one.detail)
    Console().print(table)
    return 0 if all(one.ratio <= 1 for one in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
