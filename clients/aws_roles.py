"""The trust policies of IAM roles: read and written, with time limits and few retries."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from clients.aws_clients import aws_client
from clients.errors import NotFoundError, NotYetError, ServiceError, UnreachableError
from domain.iam import Policy

_TIMEOUT_SECONDS = 15


class RoleTrust:
    """The trust policy of a role, by IAM's own calls."""

    def __init__(self, *, region: str, profile: str | None = None) -> None:
        """Use AWS's default credentials, or those of a profile; ServiceError when there is no such profile."""
        self._iam = aws_client("iam", region=region, profile=profile, timeout_seconds=_TIMEOUT_SECONDS)

    def read(self, role_name: str) -> Policy:
        """Give the trust policy; NotFoundError when there is no such role."""
        with _told("read the trust of", role_name):
            role = self._iam.get_role(RoleName=role_name)["Role"]
        document = role["AssumeRolePolicyDocument"]
        return cast("Policy", json.loads(document) if isinstance(document, str) else document)

    def write(self, role_name: str, policy: Policy) -> None:
        """Replace the trust policy.

        Raises NotFoundError when there is no such role, and NotYetError when IAM does not know the principal, as it
        happens with a new one for a while, or when the role is being changed by another call.
        """
        with _told("write the trust of", role_name):
            self._iam.update_assume_role_policy(RoleName=role_name, PolicyDocument=json.dumps(policy))


@contextmanager
def _told(action: str, role_name: str) -> Generator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as above

    try:
        yield
    except ClientError as error:
        reply = cast("dict[str, dict[str, str]]", error.response)
        code, message = reply["Error"].get("Code", ""), reply["Error"].get("Message", "")
        raise _kind(code, message)(f"IAM refused to {action} the role {role_name} ({code}: {message})") from error
    except BotoCoreError as error:
        raise UnreachableError(
            f"IAM did not answer when asked to {action} the role {role_name} ({error})",
            hint="check the AWS credentials, aws:region and the network",
        ) from error


def _kind(code: str, message: str) -> type[ServiceError]:
    if code == "NoSuchEntity":
        return NotFoundError
    if code.startswith("ConcurrentModification"):
        return NotYetError
    # The message is IAM's own: Invalid principal in policy: "AWS":"arn:aws:iam::...:user/...".
    return NotYetError if code == "MalformedPolicyDocument" and "principal" in message.lower() else ServiceError
