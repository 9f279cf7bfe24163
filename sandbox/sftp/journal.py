"""What a session did, one JSON line an activity, with the names that Transfer's structured log uses."""

from __future__ import annotations

import json
import logging
import secrets

from sandbox.sftp.users import TransferUser

_log = logging.getLogger("sandbox.sftp")


class Journal:
    """The log of one connection."""

    def __init__(self, user: TransferUser) -> None:
        self.session_id = secrets.token_hex(8)
        self._user = user

    def write(self, activity: str, **facts: object) -> None:
        """Log an activity, such as OPEN or CLOSE; a fact's name is written with `-` for `_`, None is left out."""
        _write(activity, user=self._user.name, resource_arn=self._user.server_arn, session_id=self.session_id, **facts)


def write_refused_login(user: str, source_ip: str, fingerprint: str) -> None:
    """Log that somebody came with a name and a key that do not belong together."""
    message = f"{fingerprint} is not a key of a user of this name on a server that is online"
    _write("AUTH_FAILURE", user=user, method="publickey", source_ip=source_ip, message=message)


def _write(activity: str, **facts: object) -> None:
    line = {"activity-type": activity} | {
        name.replace("_", "-"): value for name, value in facts.items() if value is not None
    }
    _log.info(json.dumps(line, ensure_ascii=False))
