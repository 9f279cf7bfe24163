"""What went wrong inside, in the few words that SFTP has for it."""

from __future__ import annotations

from http import HTTPStatus

import asyncssh
from botocore.exceptions import BotoCoreError

from sandbox.aws.decision import AccessDeniedError
from sandbox.aws.s3_client import S3RefusalError
from sandbox.sftp.paths import UnusableNameError

FAULTS = (
    asyncssh.SFTPError,
    FileNotFoundError,
    S3RefusalError,
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
        case S3RefusalError():
            return _of_service(fault)
        case UnicodeError():
            return asyncssh.SFTPFailure("File names must be UTF-8")
        case _:
            return asyncssh.SFTPFailure(str(fault))


def _of_service(fault: S3RefusalError) -> asyncssh.SFTPError:
    match fault.status:
        case HTTPStatus.FORBIDDEN:
            return asyncssh.SFTPPermissionDenied(fault.message)
        case HTTPStatus.NOT_FOUND:
            return asyncssh.SFTPNoSuchFile(fault.message)
        case _:
            return asyncssh.SFTPFailure(fault.message)
