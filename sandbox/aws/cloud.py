"""The sandbox's AWS as its own services see it: Transfer's door asks here, in process, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.credentials import ReadOnlyCredentials

from sandbox.aws.accounts import key_holder
from sandbox.aws.activity import Activity
from sandbox.aws.authority import ask
from sandbox.aws.decision import Decision
from sandbox.aws.role_sessions import assume_for_service
from sandbox.aws.s3_client import S3Client

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True, kw_only=True)
class SessionCredentials:
    """Temporary credentials of an assumed role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime
    """When they stop to work; aware, in UTC."""


class AwsCloud:
    """An in-process face on the sandbox's AWS accounts."""

    def __init__(self, activity: Activity, api: WSGIApplication) -> None:
        """Take what notes the requests that run, and the gate, which judges what its own services ask of S3 too."""
        self._activity = activity
        self._api = api

    def s3(self, endpoint: str, credentials: Callable[[], ReadOnlyCredentials]) -> S3Client:
        """Give S3 as the owner of `credentials` meets it at `endpoint`, the API's own address."""
        return S3Client(self._api, endpoint, credentials)

    def changes(self) -> int:
        """Tell how many changes the accounts have seen so far."""
        return self._activity.changes

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
        Raises AccessDeniedError when the role is not there, its trust policy does not let this service in, or `policy`
        is no session policy.
        """
        with self._activity.request():
            session = assume_for_service(service, role_arn, session_name, policy, source)
            holder = key_holder(session.access_key_id)
        self._activity.changed()
        return SessionCredentials(
            access_key_id=session.access_key_id,
            secret_access_key=session.secret_access_key,
            session_token=session.session_token,
            expiration=holder.expiration if holder and holder.expiration else datetime.now(UTC),
        )

    def is_allowed(
        self, access_key_id: str, action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Decision:
        """Say whether the owner of `access_key_id` may do `action` on the ARN `resource`."""
        holder = key_holder(access_key_id)
        if holder is None or holder.expired(datetime.now(UTC)):
            return Decision(allowed=False, reason="because the access key is not known or has expired")
        return ask(holder, action, resource, context or {})
