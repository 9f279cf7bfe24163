# ruff: noqa: ANN401  # boto3 gives clients without types
"""A landing zone for the door's tests: the real aws part as a process, with a bucket, a key and partners' users."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import asyncssh
import boto3
from botocore.config import Config
from tenacity import retry, stop_after_delay, wait_fixed

from sandbox.home import ACCOUNT_ID, LOOPBACK, REGION, SandboxHome
from tests.ports import own_base_port
from tests.sandbox.running_part import start_part

BUCKET = "landing-test"
LISTING_PAGE = 20
"""How many keys S3 lists at a time here: few, so that a test need not put 1,000 objects to see a second page."""

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "transfer.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
        }
    ],
}


def new_key(algorithm: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return cast("Any", asyncssh).generate_private_key(algorithm)


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def prefix_policy(prefix: str) -> str:
    return policy(
        {
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
        },
        {
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            "Resource": f"arn:aws:s3:::{BUCKET}/{prefix}/*",
        },
        {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"},
    )


@dataclass
class Landing:
    """The running part, seen by its administrator."""

    home: SandboxHome
    server_id: str = ""
    host_key: asyncssh.SSHKey = field(default_factory=new_key)
    keys: dict[str, asyncssh.SSHKey] = field(default_factory=dict[str, asyncssh.SSHKey])

    def client(self, service: str) -> Any:
        pair = self.home.credentials.deployer
        return cast("Any", boto3).client(
            service,
            endpoint_url=self.home.url("aws"),
            region_name=REGION,
            aws_access_key_id=pair.access_key_id,
            aws_secret_access_key=pair.secret_access_key,
            config=Config(retries={"max_attempts": 1}),
        )

    def add_role(self, name: str, document: str) -> str:
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=document)
        return role

    def add_user(self, name: str, role: str, folders: Sequence[str] | None = None, **more: object) -> None:
        """Add a user with a new key and a home of its own, whose entries in `folders`, or all, lead somewhere."""
        self.keys[name] = key = new_key()
        parameters = {
            "ServerId": self.server_id,
            "UserName": name,
            "Role": role,
            "HomeDirectoryType": "LOGICAL",
            "HomeDirectoryMappings": [{"Entry": "/", "Target": f"/{BUCKET}/partners/{name}"}],
            "SshPublicKeyBody": key.export_public_key().decode(),
        }
        given = {name: value for name, value in {**parameters, **more}.items() if value is not None}
        self.client("transfer").create_user(**given)
        for mapping in cast("list[dict[str, str]]", given.get("HomeDirectoryMappings", [])):
            if folders is None or mapping["Entry"].strip("/") in folders:
                self.make_folder(mapping["Target"])

    def state(self) -> str:
        """Give the Transfer server's state."""
        return self.client("transfer").describe_server(ServerId=self.server_id)["Server"]["State"]

    def make_folder(self, target: str) -> None:
        """Put the placeholder without which Transfer passes over a mapping to `target`."""
        bucket, _, key = target.strip("/").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=f"{key}/")

    @property
    def known_hosts(self) -> str:
        """The line by which a client knows the door."""
        return f"[{LOOPBACK}]:{self.home.ports.sftp} {self.host_key.export_public_key().decode().strip()}\n"

    def connect(self, user: str, key: asyncssh.SSHKey | None = None, **options: object) -> Any:
        """Give the asynchronous context of a connection as `user`, by default with the user's own key."""
        usual: dict[str, object] = {
            "username": user,
            "client_keys": [key or self.keys[user]],
            "known_hosts": asyncssh.import_known_hosts(self.known_hosts),
            "config": None,
            "agent_path": None,
        }
        return cast("Any", asyncssh).connect(LOOPBACK, self.home.ports.sftp, **{**usual, **options})

    def activities(self) -> list[dict[str, str]]:
        """Give what the door has logged so far."""
        lines = self.home.log("aws").read_text().splitlines()
        return [json.loads(line[line.index("{") :]) for line in lines if '"activity-type"' in line]

    def unfinished_uploads(self) -> list[object]:
        return self.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])

    def stored(self, key: str) -> bytes | None:
        """Give the object at `key`, or None when there is none."""
        s3 = self.client("s3")
        with suppress(s3.exceptions.NoSuchKey):
            return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return None


@contextmanager
def landing(root: Path) -> Generator[Landing]:
    """Run the aws part on free ports, with a server and the partners skyway and otherline."""
    with running(SandboxHome.open(root, own_base_port())) as home:
        zone = Landing(home)
        _furnish(zone)
        yield zone


@contextmanager
def running(home: SandboxHome) -> Generator[SandboxHome]:
    """Run the aws part from its start to its end."""
    with start_part(home, "aws", MOTO_S3_DEFAULT_MAX_KEYS=str(LISTING_PAGE)) as process:
        try:
            _wait_until_open(process, home.ports.sftp)
            yield home
        finally:
            process.terminate()
            process.wait(timeout=20)


@retry(stop=stop_after_delay(60), wait=wait_fixed(0.05), reraise=True)
def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    if process.poll() is not None:
        raise SystemExit(f"The aws part ended at once with code {process.returncode}")
    socket.create_connection((LOOPBACK, port), timeout=1).close()


def _furnish(zone: Landing) -> None:
    host_key = zone.host_key.export_private_key().decode()
    zone.server_id = zone.client("transfer").create_server(HostKey=host_key)["ServerId"]
    key = zone.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = zone.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_encryption(
        Bucket=BUCKET,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
    role = zone.add_role("partner", prefix_policy("partners"))
    for name in ("skyway", "otherline"):
        zone.add_user(name, role, Policy=prefix_policy("partners/${transfer:UserName}"))


@retry(stop=stop_after_delay(30), wait=wait_fixed(0.02), reraise=True)
def eventually(condition: Callable[[], object]) -> None:
    """Wait until `condition()` is true."""
    assert condition()
