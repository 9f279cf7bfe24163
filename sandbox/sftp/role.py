"""The user's role, as a session wears it: assumed by Transfer, capped by the user's policy, renewed while it lasts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import cast

from botocore.credentials import DeferredRefreshableCredentials

from sandbox.aws.accounts import bucket_named, key_by_id
from sandbox.aws.cloud import AwsCloud
from sandbox.aws.decision import AccessDeniedError
from sandbox.home import ACCOUNT_ID, REGION
from sandbox.sftp.journal import Journal
from sandbox.sftp.paths import Location
from sandbox.sftp.store import Store
from sandbox.sftp.users import TransferUser

SERVICE = "transfer.amazonaws.com"

SESSION_NAME_LENGTH = 64
"""The longest name that AssumeRole takes for a session."""


class RoleSession:
    """One SFTP session's credentials, and its view of S3 with them."""

    def __init__(self, endpoint: str, cloud: AwsCloud, user: TransferUser, journal: Journal) -> None:
        self._cloud = cloud
        self._user = user
        self._journal = journal
        self._credentials = DeferredRefreshableCredentials(refresh_using=self._assume, method="sts-assume-role")
        s3 = cloud.s3(endpoint, self._credentials.get_frozen_credentials)
        self.store = Store(s3, cloud.changes, f"{user.name}@{user.server_id}")

    def _assume(self) -> Mapping[str, str]:
        """Assume the role; botocore calls this at the first request and again before the credentials expire."""
        origin = f".{self._journal.session_id}@{self._user.server_id}"
        try:
            session = self._cloud.assume_role_as_service(
                SERVICE,
                self._user.role,
                self._user.name[: SESSION_NAME_LENGTH - len(origin)] + origin,
                self._user.policy,
                {"aws:SourceAccount": ACCOUNT_ID, "aws:SourceArn": self._user.arn},
            )
        except AccessDeniedError as error:
            self._journal.write("ERROR", operation="ASSUME_ROLE", role=self._user.role, message=str(error))
            raise
        return {
            "access_key": session.access_key_id,
            "secret_key": session.secret_access_key,
            "token": session.session_token,
            "expiry_time": session.expiration.isoformat(),
        }

    async def may_list(self, location: Location) -> bool:
        """Say whether the role may decrypt what lies at `location`, which Transfer wants before it lists.

        This imitates what users of the service see (`Couldn't read directory: Permission denied` for a role without
        KMS rights): S3's own ListObjectsV2 asks nothing of KMS.
        """
        return await asyncio.to_thread(self._may_decrypt, location)

    def _may_decrypt(self, location: Location) -> bool:
        bucket = bucket_named(location.bucket)
        rule = ((bucket and bucket.encryption) or {}).get("Rule", {})
        key_id = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        key = key_by_id(key_id) if key_id else None
        if key is None:
            return True
        by_bucket_key = str(rule.get("BucketKeyEnabled", False)).lower() == "true"
        bucket_arn = f"arn:aws:s3:::{location.bucket}"
        context = {
            "kms:CallerAccount": ACCOUNT_ID,
            "kms:ViaService": f"s3.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": bucket_arn if by_bucket_key else f"{bucket_arn}/{location.prefix}",
            "kms:EncryptionContextKeys": "aws:s3:arn",
        }
        access_key_id = cast("str", self._credentials.get_frozen_credentials().access_key)  # pyright: ignore[reportUnknownMemberType]  # botocore is not typed
        return bool(self._cloud.is_allowed(access_key_id, "kms:Decrypt", key.arn, context))
