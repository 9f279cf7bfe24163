"""The sandbox's AWS as its own services see it: Transfer's door asks here, in process, without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.aws.decision import Decision


@dataclass(frozen=True, kw_only=True)
class SessionCredentials:
    """Temporary credentials of an assumed role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime
    """When they stop to work; aware, in UTC."""


class AwsCloud:
    """An in-process face on the sandbox's AWS account."""

    def assume_role_as_service(
        self,
        service: str,
        role_arn: str,
        session_name: str,
        policy: str | None,
        source: Mapping[str, str],
    ) -> SessionCredentials:
        """Assume `role_arn` as an AWS service does, such as `transfer.amazonaws.com`.

        `policy` caps the session; `source` holds the request's `aws:SourceAccount` and `aws:SourceArn`.
        Raises AccessDeniedError when the role is not there or its trust policy does not let this service in.
        """
        raise NotImplementedError

    def is_allowed(
        self, access_key_id: str, action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Decision:
        """Say whether the owner of `access_key_id` may do `action` on the ARN `resource`."""
        raise NotImplementedError
