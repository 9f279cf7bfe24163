"""Put a stack right after a run that was killed: `make recover`, and the first thing that `make demo` does.

A killed `pulumi up` leaves up to three things behind. A torn file in the backend; its lock, which the engine honours
although its owner is dead; and pending operations, of which the engine knows that they began and not how they ended. An
object that was made just before the kill is found again by what is unique about it, and taken into the state, so that
the next `up` does not make it twice.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3

from domain.snowflake_sql import qualified
from sandbox.environment import deployer_environment
from sandbox.home import SandboxHome
from tools.engine import Engine, EngineError
from tools.workspace import open_home

Inputs = Mapping[str, Any]


def recover(engine: Engine, home: SandboxHome) -> list[str]:
    """Free the stack of dead owners' locks and settle its pending operations; say what was done, if anything."""
    backend = home.root.parent / "pulumi" / ".pulumi"
    _drop_torn_attributes(backend)
    done = _break_dead_locks(engine, backend / "locks")
    deployment = cast("dict[str, list[dict[str, Any]]]", engine.state()["deployment"])
    pending = [entry for entry in deployment.get("pending_operations") or [] if entry["type"] == "creating"]
    if not pending:
        return done
    finder = Finder(home)
    arguments: list[str] = []
    for operation in pending:
        resource = cast("dict[str, Any]", operation["resource"])
        if found := finder.find(resource["type"], resource.get("inputs") or {}):
            arguments += ["--import-pending-creates", resource["urn"], "--import-pending-creates", found]
    # What is not found was never made; what only sets a property of something else is simply set again.
    engine.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", *arguments, "--stack", engine.stack)
    return [*done, f"settled {len(pending)} interrupted operations"]


def _drop_torn_attributes(backend: Path) -> None:
    """Remove files of attributes that a kill cut short.

    The file backend replaces a state in one step, but writes the attributes beside it in place; a torn one makes it
    refuse the state ("failed to load checkpoint: EOF"). They hold a content type and a checksum, and may be missing.
    """
    for file in backend.rglob("*.attrs"):
        try:
            json.loads(file.read_text())
        except ValueError:
            file.unlink()


@dataclass(frozen=True)
class Lock:
    """A lock of the engine's file backend."""

    pid: int
    host: str

    @property
    def is_dead(self) -> bool:
        """Whether its owner ran on this machine and is gone."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


def _break_dead_locks(engine: Engine, locks: Path) -> list[str]:
    held = [_read_lock(file) for file in locks.rglob("*.json")]
    if not held or not all(lock.is_dead for lock in held):
        return []
    engine.run("cancel", "--yes", "--stack", engine.stack)
    return ["took the lock of a killed run away"]


def _read_lock(file: Path) -> Lock:
    content = cast("dict[str, Any]", json.loads(file.read_text()))
    return Lock(pid=int(content["pid"]), host=str(content["hostname"]))


class Finder:
    """Finds objects by what is unique about them, in the clouds of one sandbox."""

    def __init__(self, home: SandboxHome) -> None:
        self._environment = deployer_environment(home)

    def find(self, resource_type: str, inputs: Inputs) -> str | None:
        """Give the id that the provider would give; None where nothing was made, or what was has no id of its own."""
        rule = _RULES.get(resource_type)
        return rule(self, inputs) if rule else None

    def aws(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """Give a client of an AWS service."""
        return cast("Any", boto3).client(
            service,
            region_name=self._environment["AWS_REGION"],
            endpoint_url=self._environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
        )


def _key(finder: Finder, inputs: Inputs) -> str | None:
    kms = finder.aws("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for entry in page["Keys"]:
            key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            if key["Description"] == inputs["description"] and key["KeyState"] == "Enabled":
                return str(key["KeyId"])
    return None


def _server(finder: Finder, inputs: Inputs) -> str | None:
    transfer = finder.aws("transfer")
    hostname = inputs["tags"]["transfer:customHostname"]
    for page in transfer.get_paginator("list_servers").paginate():
        for entry in page["Servers"]:
            server = transfer.describe_server(ServerId=entry["ServerId"])["Server"]
            if {"Key": "transfer:customHostname", "Value": hostname} in server.get("Tags", []):
                return str(server["ServerId"])
    return None


def _ssh_key(finder: Finder, inputs: Inputs) -> str | None:
    server, user = inputs["serverId"], inputs["userName"]
    described = finder.aws("transfer").describe_user(ServerId=server, UserName=user)["User"]
    for key in described["SshPublicKeys"]:
        if key["SshPublicKeyBody"].split()[:2] == inputs["body"].split()[:2]:
            return f"{server}/{user}/{key['SshPublicKeyId']}"
    return None


def _host_key(finder: Finder, inputs: Inputs) -> str | None:
    server = inputs["serverId"]
    for key in finder.aws("transfer").list_host_keys(ServerId=server)["HostKeys"]:
        if key.get("Description") == inputs["description"]:
            return f"{server},{key['HostKeyId']}"
    return None


def _zone(finder: Finder, inputs: Inputs) -> str | None:
    listed = finder.aws("route53").list_hosted_zones_by_name(DNSName=inputs["name"])
    for zone in listed["HostedZones"]:
        if zone["Name"].rstrip(".") == inputs["name"].rstrip("."):
            return str(zone["Id"]).removeprefix("/hostedzone/")
    return None


def _named(*keys: str) -> Callable[[Finder, Inputs], str]:
    return lambda _finder, inputs: qualified(*(str(inputs[key]) for key in keys))


def _piped(_finder: Finder, inputs: Inputs) -> str:
    """Write an id as the provider's older, preview resources do."""
    return "|".join(str(inputs[key]) for key in ("database", "schema", "name"))


_RULES: Mapping[str, Callable[[Finder, Inputs], str | None]] = {
    "aws:kms/key:Key": _key,
    "aws:kms/alias:Alias": lambda _, inputs: str(inputs["name"]),
    "aws:s3/bucket:Bucket": lambda _, inputs: str(inputs["bucket"]),
    "aws:iam/role:Role": lambda _, inputs: str(inputs["name"]),
    "aws:transfer/server:Server": _server,
    "aws:transfer/user:User": lambda _, inputs: f"{inputs['serverId']}/{inputs['userName']}",
    "aws:transfer/sshKey:SshKey": _ssh_key,
    "aws:transfer/hostKey:HostKey": _host_key,
    "aws:cloudwatch/logGroup:LogGroup": lambda _, inputs: str(inputs["name"]),
    "aws:route53/zone:Zone": _zone,
    "aws:route53/record:Record": lambda _, inputs: f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}",
    "snowflake:index/database:Database": _named("name"),
    "snowflake:index/schema:Schema": _named("database", "name"),
    "snowflake:index/storageIntegrationAws:StorageIntegrationAws": _named("name"),
    "snowflake:index/stageExternalS3:StageExternalS3": _named("database", "schema", "name"),
    "snowflake:index/table:Table": _piped,
    "snowflake:index/pipe:Pipe": _piped,
}
"""How the id of an object follows from its inputs.

A type that is not here only sets a property of something else, or is a dynamic resource whose creation adopts what is
there: either way creating it again makes nothing twice.
"""


def main() -> int:
    """Put the `dev` stack right; give the exit code."""
    checkout = Path.cwd()
    home = open_home(checkout)
    try:
        done = recover(Engine(checkout, home), home)
    except EngineError as error:
        print(f"recover: {error}", file=sys.stderr)
        return 1
    print("recover: " + (", ".join(done) or "nothing was interrupted") + "; run `pulumi up` again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
