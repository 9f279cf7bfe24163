"""A partner with OpenSSH: what it types, with only the address told apart, since no DNS knows the sandbox's door."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.home import LOOPBACK
from tools.rehearsal import Project
from tools.sftp_partner import PartnerKey


@dataclass(frozen=True, kw_only=True)
class OpenSsh:
    """OpenSSH's client with a known_hosts file of its own, which it takes nothing else than."""

    project: Project
    hostname: str
    config: Path

    @classmethod
    def knowing(cls, project: Project, outputs: Mapping[str, Any], folder: Path) -> OpenSsh:
        """Write down what the stack tells partners, and give the client that knows it."""
        known_hosts, config = folder / "known_hosts", folder / "ssh_config"
        known_hosts.write_text("".join(f"{line}\n" for line in outputs["sftp"]["knownHosts"]))
        hostname = outputs["sftp"]["hostname"]
        options = {
            "HostName": LOOPBACK,
            "Port": project.home.ports.sftp,
            # Known by the name that is typed, as at port 22.
            "HostKeyAlias": hostname,
            "UserKnownHostsFile": known_hosts,
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "PasswordAuthentication": "no",
        }
        config.write_text(f"Host {hostname}\n" + "".join(f"  {name} {value}\n" for name, value in options.items()))
        return cls(project=project, hostname=hostname, config=config)

    def sftp(self, user: str, key: PartnerKey, batch: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a batch of sftp's own commands as a user."""
        command = ["sftp", "-F", str(self.config), "-b", "-", "-i", str(key.private), *options]
        return subprocess.run(  # noqa: S603  # our own words
            [*command, f"{user}@{self.hostname}"],
            input=batch,
            cwd=self.config.parent,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def typed(self, command: str, key: PartnerKey, file: Path) -> subprocess.CompletedProcess[str]:
        """Run a line of a handover sheet as it stands there, with the person's own key and file filled in."""
        line = command.replace("<private key>", str(key.private)).replace("<file>", str(file))
        return subprocess.run(  # noqa: S602  # a shell is what the sheet's reader types it into
            line.replace("| sftp ", f"| sftp -F {self.config} "),
            shell=True,
            cwd=self.config.parent,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
