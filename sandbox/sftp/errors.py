"""What went wrong inside, in the few words that SFTP has for it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import asyncssh
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.aws.decision import AccessDeniedError
from sandbox.sftp.paths import UnusableNameError

FAULTS = (
    asyncssh.SFTPError,
    FileNotFoundError,
    ClientError,
    BotoCoreError,
    AccessDeniedError,
    UnusableNameError,
    UnicodeError,
)
"""What a session's work may end in, short of a bug."""


def as_sftp_error(fault: Exception) -> asyncssh.SFTPError:
    """Give one of `FAULTS` as the client is to hear it: a denial is always `Permission denied`."""
    match fault:
        case asyncssh.SFTPError():
            return fault
        case FileNotFoundError():
            return asyncssh.SFTPNoSuchFile(str(fault))
        case AccessDeniedError():
            return asyncssh.SFTPPermissionDenied(str(fault))
        case ClientError():
            return _of_service(fault)
        case UnicodeError():
            return asyncssh.SFTPFailure("File names must be UTF-8")
        case _:
            return asyncssh.SFTPFailure(str(fault))


def _of_service(fault: ClientError) -> asyncssh.SFTPError:
    answer = cast("Mapping[str, Mapping[str, object]]", fault.response)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    message = str(answer.get("Error", {}).get("Message") or fault)
    if status == HTTPStatus.FORBIDDEN:
        return asyncssh.SFTPPermissionDenied(message)
    if status == HTTPStatus.NOT_FOUND:
        return asyncssh.SFTPNoSuchFile(message)
    return asyncssh.SFTPFailure(message)
