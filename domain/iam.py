"""The policies of the landing zone by intent, as plain documents.

ARNs may be strings or Pulumi outputs of strings: a document only carries them, and `Output.json_dumps` writes it out.
Each function gives the least that its reader needs, and says for whom it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from domain.partners import OUTBOX_PREFIX, PARTNERS_PREFIX

Policy = dict[str, object]
"""An IAM policy document."""

Arn = object
"""A string, or an output of one."""


_ENCRYPTION_OF_REQUEST = "s3:x-amz-server-side-encryption"
_KEY_OF_REQUEST = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_KEY_OF_CLIENT = "s3:x-amz-server-side-encryption-customer-algorithm"


def _document(*statements: dict[str, object]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _only_over_tls(*resources: Arn) -> dict[str, object]:
    return {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _list_below(bucket: str, *prefixes: str) -> dict[str, object]:
    # Each prefix ends with a slash: a request that leaves it out would list the neighbours whose names begin alike.
    return {
        "Sid": "List",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
    }


def key_policy(account_id: str, region: str, log_group_arn: str) -> Policy:
    """Say who may do what with the landing zone's key.

    The account's IAM policies decide who administers it, which does not include using it; they decide who uses it
    through S3, and through nothing else; CloudWatch Logs uses it for one log group.
    """
    account = {"AWS": f"arn:aws:iam::{account_id}:root"}
    return _document(
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": account,
            # AWS's list for key administrators (KMS developer guide, "Allows key administrators to administer the
            # KMS key"), without imported material and without grants: by one, whoever may administer the key could
            # let anybody use it, and not through S3 alone.
            "Action": [
                "kms:CancelKeyDeletion",
                "kms:CreateAlias",
                "kms:Delete*",
                "kms:Describe*",
                "kms:Disable*",
                "kms:Enable*",
                "kms:Get*",
                "kms:List*",
                "kms:Put*",
                "kms:Revoke*",
                "kms:RotateKeyOnDemand",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:Update*",
            ],
            "Resource": "*",
        },
        {
            "Sid": "UseForObjects",
            "Effect": "Allow",
            "Principal": account,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": account_id, "kms:ViaService": f"s3.{region}.amazonaws.com"}
            },
        },
        {
            "Sid": "UseForLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": log_group_arn}},
        },
    )


def bucket_policy(bucket_arn: Arn, objects_arn: Arn, key_arn: Arn) -> Policy:
    """Refuse what is not sent over TLS, and objects that ask for another key or kind of encryption than ours."""
    return _document(
        _only_over_tls(bucket_arn, objects_arn),
        {
            "Sid": "OnlyUnderOurKey",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": objects_arn,
            # An upload that names no key gets the bucket's default, which is ours; a negated operator alone is true
            # for a key that is absent, so its presence is a condition of its own.
            "Condition": {
                "Null": {_KEY_OF_REQUEST: "false"},
                "StringNotEquals": {_KEY_OF_REQUEST: key_arn},
            },
        },
        {
            "Sid": "OnlyByKms",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": objects_arn,
            "Condition": {
                "Null": {_ENCRYPTION_OF_REQUEST: "false"},
                "StringNotEquals": {_ENCRYPTION_OF_REQUEST: "aws:kms"},
            },
        },
        {
            # An object under a key that its sender brought along names neither of the above, and we could not read it.
            "Sid": "NoKeysOfClients",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": objects_arn,
            "Condition": {"Null": {_KEY_OF_CLIENT: "false"}},
        },
    )


def transfer_trust(account_id: str, users_arn: Arn) -> Policy:
    """Let AWS Transfer take the role, for users of our server in our account alone (no confused deputy).

    `users_arn` matches the ARNs of the server's users: `arn:aws:transfer:<region>:<account>:user/<server id>/*`.
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "transfer.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": users_arn},
            },
        }
    )


LONGEST_SESSION_POLICY = 2048
"""How many characters a user's policy may have (AWS Transfer Family API, CreateUser)."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a user may do with the objects below one prefix."""

    prefix: str
    """With a closing slash."""
    writable: bool


def session_policy(bucket: str, folders: Sequence[Access], key_arn: Arn) -> Policy:
    """Let a user list and fetch what is in its folders, send and remove in the writable ones, and use the key for that.

    With a LOGICAL home no variable stands for bucket or key, so all are named. Copying within the folders, which is how
    Transfer renames, needs nothing more.
    """
    return _document(_list_below(bucket, *(folder.prefix for folder in folders)), *_use(bucket, folders, key_arn))


def users_access(bucket: str, key_arn: Arn) -> Policy:
    """Let the role of all users do what any of them may; each one's session policy narrows it to its own folders."""
    every = (Access(prefix=PARTNERS_PREFIX, writable=True), Access(prefix=OUTBOX_PREFIX, writable=False))
    return session_policy(bucket, every, key_arn)


def _use(bucket: str, folders: Sequence[Access], key_arn: Arn) -> list[dict[str, object]]:
    write = [f"arn:aws:s3:::{bucket}/{folder.prefix}*" for folder in folders if folder.writable]
    read = [f"arn:aws:s3:::{bucket}/{folder.prefix}*" for folder in folders if not folder.writable]
    statements: list[dict[str, object]] = []
    if write:
        actions = ["PutObject", "GetObject", "DeleteObject", "AbortMultipartUpload", "ListMultipartUploadParts"]
        statements.append(
            {"Sid": "Inbox", "Effect": "Allow", "Action": [f"s3:{name}" for name in actions], "Resource": write}
        )
    if read:
        statements.append({"Sid": "Outbox", "Effect": "Allow", "Action": "s3:GetObject", "Resource": read})
    uses = ["kms:Decrypt", "kms:GenerateDataKey"] if write else ["kms:Decrypt"]
    return [*statements, {"Sid": "Key", "Effect": "Allow", "Action": uses, "Resource": key_arn}]


def length_of_session_policy(bucket: str, folders: Sequence[Access], region: str) -> int:
    """Give the number of characters of a user's policy, before its key is there: all key ARNs are of one length."""
    key_arn = f"arn:aws:kms:{region}:{'0' * 12}:key/{'0' * 36}"
    return len(json.dumps(session_policy(bucket, folders, key_arn), separators=COMPACT))


COMPACT = (",", ":")
"""The separators of a document where each character counts."""


def access_log_policy(log_bucket: str, bucket: str, account_id: str) -> Policy:
    """Let S3 deliver one bucket's access logs, over TLS alone (S3 user guide, "Enabling access logging")."""
    return _document(
        _only_over_tls(f"arn:aws:s3:::{log_bucket}", f"arn:aws:s3:::{log_bucket}/*"),
        {
            "Sid": "DeliverAccessLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{log_bucket}/*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": account_id},
            },
        },
    )


def stage_access(bucket: str, prefixes: Sequence[str], key_arn: Arn) -> Policy:
    """Let Snowflake list and read what is under the prefixes, and nothing more."""
    return _document(
        _list_below(bucket, *prefixes),
        {
            "Sid": "LocateStage",
            "Effect": "Allow",
            "Action": "s3:GetBucketLocation",
            "Resource": f"arn:aws:s3:::{bucket}",
        },
        {
            "Sid": "ReadStage",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": [f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in prefixes],
        },
        {"Sid": "ReadUnderKey", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn},
    )


def trust_nobody() -> Policy:
    """Trust nobody: what a role has until the storage trust knows whom to let in, and after it is gone."""
    return _document({"Sid": "Nobody", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


def storage_trust(iam_user_arn: str, external_id: str) -> Policy:
    """Trust Snowflake's IAM user when it shows the integration's external id, and nobody else."""
    return _document(
        {
            "Sid": "SnowflakeIntegration",
            "Effect": "Allow",
            "Principal": {"AWS": iam_user_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )
