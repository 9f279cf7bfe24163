"""SYSTEM$ functions: whether an integration really works; the state of a pipe has a module of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.snowflake.errors import SnowflakeError, missing
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Integration
from sandbox.snowflake.pipe_status import force_resume, pipe_status
from sandbox.snowflake.session import Session
from sandbox.snowflake.storage import Client, Location, refused

_ACTIONS = ("READ", "WRITE", "LIST", "DELETE")


def validate_storage_integration(session: Session, name: str, url: str, file: str, actions: str) -> str:
    """SYSTEM$VALIDATE_STORAGE_INTEGRATION: try each action with the role newly assumed, and tell what happened."""
    integration = session.store.find(Integration, Name.of(name))
    if integration is None:
        raise missing("Integration", name)
    session.require("INTEGRATION", integration.name, "USAGE")
    wanted = _ACTIONS if actions.upper() == "ALL" else tuple(word.strip().upper() for word in actions.split(","))
    for action in wanted:
        if action not in _ACTIONS:
            raise SnowflakeError(1008, "22023", f"SQL compilation error:\ninvalid value [{actions}] for parameter '4'")
    if not integration.allows(url):
        return _outcome(dict.fromkeys(wanted, f"Location '{url}' is not allowed by integration '{name}'"))
    try:
        bucket = session.account.storage.bucket(integration, fresh=True)
    except SnowflakeError as error:
        return _outcome(dict.fromkeys(wanted, error.message))
    folder = Location.parse(url)
    place = Location(folder.bucket, f"{folder.key.rstrip('/')}/{file}".lstrip("/"))
    return _outcome({action: _attempt(_TRIALS[action], bucket, folder, place) for action in wanted})


def _read(bucket: Client, _: Location, place: Location) -> None:
    bucket.get_object(Bucket=place.bucket, Key=place.key)["Body"].close()


def _list(bucket: Client, folder: Location, _: Location) -> None:
    bucket.list_objects_v2(Bucket=folder.bucket, Prefix=folder.key, MaxKeys=1)


def _write(bucket: Client, _: Location, place: Location) -> None:
    bucket.put_object(Bucket=place.bucket, Key=place.key, Body=b"", IfNoneMatch="*")


def _delete(bucket: Client, _: Location, place: Location) -> None:
    bucket.delete_object(Bucket=place.bucket, Key=place.key)


_TRIALS: dict[str, Callable[[Client, Location, Location], None]] = {
    "READ": _read,
    "LIST": _list,
    "WRITE": _write,
    "DELETE": _delete,
}


def _attempt(
    trial: Callable[[Client, Location, Location], None], bucket: Client, folder: Location, place: Location
) -> str:
    """Give what went wrong, or nothing."""
    try:
        trial(bucket, folder, place)
    except ClientError as error:
        return refused(error, place).message
    except BotoCoreError as error:
        return str(error)
    return ""


def _outcome(faults: dict[str, str]) -> str:
    actions = {
        action: {"status": "failure", "message": fault} if fault else {"status": "success"}
        for action, fault in faults.items()
    }
    answer: dict[str, Any] = {"status": "failure" if any(faults.values()) else "success", "actions": actions}
    if first := next((fault for fault in faults.values() if fault), None):
        answer["message"] = first
    return json.dumps(answer)


SYSTEM_FUNCTIONS: dict[str, Callable[..., str]] = {
    "SYSTEM$PIPE_STATUS": pipe_status,
    "SYSTEM$PIPE_FORCE_RESUME": force_resume,
    "SYSTEM$VALIDATE_STORAGE_INTEGRATION": validate_storage_integration,
}
"""The functions by name; each takes the session and its arguments as texts."""
