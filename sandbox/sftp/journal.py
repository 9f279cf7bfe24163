"""What happens at the door, one JSON object an activity, with the names that Transfer's structured log uses.

Each goes into the part's own log, and into the log groups that the server names in StructuredLogDestinations.
(Transfer Family user guide, "CloudWatch log structure".)
"""

from __future__ import annotations

import json
import logging
import secrets
from dataclasses import dataclass

import asyncssh

from sandbox.sftp.log_delivery import LogDelivery
from sandbox.sftp.users import TransferUser

REFUSED_LOGINS = "ERRORS"
"""The log stream for what belongs to no session."""

_SAY_WHO = frozenset({"CONNECTED", "AUTH_FAILURE"})
"""The activities that name their user: the others of a session have its id."""

_log = logging.getLogger("sandbox.sftp")


@dataclass(frozen=True, kw_only=True)
class ServerJournal:
    """The log of one server."""

    server_arn: str
    groups: tuple[str, ...]
    """The names of the log groups that the server writes to."""
    delivery: LogDelivery

    def refused_login(self, user: str, source_ip: str, key: asyncssh.SSHKey) -> None:
        """Log that somebody came with a name and a key that do not belong together."""
        shown = key.get_fingerprint()
        self.write(
            REFUSED_LOGINS,
            "AUTH_FAILURE",
            user=user,
            method="publickey",
            source_ip=source_ip,
            message=f"{shown} is not a key of a user of this name",
            ssh_public_key_fingerprint=shown,
            ssh_public_key_type=key.algorithm.decode(),
        )

    def write(self, stream: str, activity: str, *, user: str, **facts: object) -> None:
        """Log an activity of `user`; a fact's name is written with `-` for `_`, None is left out."""
        named = {name.replace("_", "-"): value for name, value in facts.items() if value is not None}
        event = {"activity-type": activity, "user": user, "resource-arn": self.server_arn, **named}
        _log.info(json.dumps(event, ensure_ascii=False))
        if self.groups:
            if activity not in _SAY_WHO:
                del event["user"]
            self.delivery.put(self.groups, stream, event)


class Journal:
    """The log of one connection."""

    def __init__(self, server: ServerJournal, user: TransferUser) -> None:
        self.session_id = secrets.token_hex(8)
        self._server = server
        self._user = user

    def write(self, activity: str, **facts: object) -> None:
        """Log an activity, such as OPEN or CLOSE; a fact's name is written with `-` for `_`, None is left out."""
        stream = f"{self._user.name}.{self.session_id}"
        self._server.write(stream, activity, user=self._user.name, session_id=self.session_id, **facts)
