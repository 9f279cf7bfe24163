"""The whole program in a checkout of its own, on the real engine, against a sandbox of its own.

The tests of the whole program, the conformance run and the bench all rehearse in one, so that none of them touches the
`dev` stack that a person works on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import yaml
from pulumi import automation as auto

from clients.snowflake import SnowflakeClient
from domain.host_keys import HOST_KEYS
from sandbox.free_ports import free_base_port
from sandbox.home import Credentials, SandboxHome
from tools.sftp_partner import Door, PartnerKey, make_keys, partner_key
from tools.sql import sandbox_account
from tools.workspace import process_environment

CHECKOUT = Path(__file__).resolve().parents[1]
_FIRST_PORT = 20_000
"""Ports are looked for from here, each process from its own place, below those that systems give to clients."""
_DEV_PORT = re.compile(r"\b1450(\d)\b")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A checkout with its state and its sandbox."""

    checkout: Path
    home: SandboxHome
    environment: Mapping[str, str]
    """The whole environment of its processes: nothing of a real account of this machine's is in it."""
    limit_seconds: float = 300
    """How long one of its commands may take."""

    @classmethod
    def make(cls, folder: Path, credentials: Credentials | None = None) -> Project:
        """Copy what is in the checkout at hand into a repository of its own, with the sandbox on free ports.

        `credentials` are for a client whose access key cannot be chosen; else the sandbox makes its own, as always.
        """
        checkout = folder / "checkout"
        _copy(checkout)
        state = checkout / ".state"
        state.mkdir()
        home = SandboxHome.open(state / "sandbox", free_base_port(_FIRST_PORT + os.getpid() % 1_000 * 10), credentials)
        environment = {**process_environment(checkout, home), "LANDING_STATE": str(state), "GIT_BRANCH": "main"}
        project = cls(checkout=checkout, home=home, environment=environment)
        make_keys(state / "keys")
        return project

    def sandbox(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the sandbox's, to its end."""
        return self.run([sys.executable, "-m", "sandbox", *arguments])

    def run(self, command: list[str], **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout, with the engine's environment."""
        return subprocess.run(  # noqa: S603  # our own words
            command,
            cwd=self.checkout,
            env={**self.environment, **changes},
            check=False,
            capture_output=True,
            text=True,
            timeout=self.limit_seconds,
        )

    def pulumi(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a Pulumi command as a person would."""
        return self.run(["pulumi", "--non-interactive", "--color", "never", *arguments], **changes)

    def partner_key(self, partner: str) -> PartnerKey:
        """Give a partner's key pair."""
        return partner_key(self.checkout / ".state" / "keys", partner)

    def stack(self, name: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> auto.Stack:
        """Give a stack whose config is dev's, on this sandbox's ports, with `change` made to it."""
        text = (CHECKOUT / "Pulumi.dev.yaml").read_text()
        content = cast("dict[str, Any]", yaml.safe_load(_DEV_PORT.sub(self._port, text)))
        change(content["config"])
        (self.checkout / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content))
        command = auto.PulumiCommand(str(self.checkout / ".tools"))
        options = auto.LocalWorkspaceOptions(env_vars=dict(self.environment), pulumi_command=command)
        return auto.create_or_select_stack(name, work_dir=str(self.checkout), opts=options)

    def _port(self, found: re.Match[str]) -> str:
        return str(self.home.ports.aws + int(found[1]))

    def aws(self, service: str) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
        """Give a client of an AWS service, as the one who deploys."""
        keys = self.home.credentials.deployer
        return cast("Any", boto3).client(
            service,
            region_name="us-east-1",
            endpoint_url=self.home.url("aws"),
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
        )

    def sql(self, statement: str) -> list[dict[str, object]]:
        """Ask Snowflake."""
        with SnowflakeClient.connected(sandbox_account(self.home)) as snowflake:
            return snowflake.query(statement)

    def door(self, partner: str, outputs: Mapping[str, Any]) -> Door:
        """Give a partner's way in, by the outputs of a stack."""
        return Door.of_stack(
            outputs,
            port=self.home.ports.sftp,
            user=partner,
            key=self.partner_key(partner),
            known_hosts=self.checkout / ".state" / "keys" / f"{partner}.known_hosts",
        )

    def secrets(self) -> list[str]:
        """Give every credential that the sandbox made for itself, and the private keys of partners and of the door."""
        made = self.home.credentials
        pairs = (made.deployer, made.worker, made.snowflake)
        folder = self.checkout / ".state" / "keys"
        texts = [text for file in folder.glob("*") if "PRIVATE KEY" in (text := file.read_text())]
        # The door's own keys go to AWS Transfer in another form than that of their files.
        as_sent = HOST_KEYS.validate_python([{"file": file.name} for file in folder.glob("host_*")], context=folder)
        # A private key's file repeats the public half, which everybody may see.
        shown = " ".join(key.public.body for key in as_sent)
        lines = {line for text in (*texts, *(key.private for key in as_sent)) for line in _key_lines(text)}
        keys = {line for line in lines if line not in shown}
        return [made.snowflake_password, *(pair.secret_access_key for pair in pairs), *sorted(keys)]


_SHORTEST_SECRET_LINE = 16
"""The last line of a key's text may be a few characters that could stand anywhere."""


def _key_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if "-----" not in line and len(line) >= _SHORTEST_SECRET_LINE]


def _copy(checkout: Path) -> None:
    """Make a repository whose one commit is what is in the checkout at hand, committed or not."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607  # the Git on PATH
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).exists():  # a file that is removed and not yet committed is listed too
            target = checkout / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, target)
    for tool in (".venv", ".tools"):
        (checkout / tool).symlink_to(CHECKOUT / tool)
    identity = ["-c", "user.name=Tests", "-c", "user.email=tests@landing.example"]
    for arguments in (["init", "--quiet", "-b", "main"], ["add", "."], [*identity, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *arguments], cwd=checkout, check=True)  # noqa: S603, S607  # the Git on PATH
