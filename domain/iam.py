"""The policies of the landing zone by intent, as plain documents.

ARNs may be strings or Pulumi outputs of strings: a document only carries them, and `Output.json_dumps` writes it out.
Each function gives the least that its reader needs, and says for whom it is.
"""

from __future__ import annotations

Policy = dict[str, object]
"""An IAM policy document."""

Arn = object
"""A string, or an output of one."""


_ENCRYPTION_OF_REQUEST = "s3:x-amz-server-side-encryption"
_KEY_OF_REQUEST = "s3:x-amz-server-side-encryption-aws-kms-key-id"


def _document(*statements: dict[str, object]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _list_below(bucket: str, prefix: str) -> dict[str, object]:
    return {
        "Sid": "List",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": [prefix, f"{prefix}*"]}},
    }


def key_policy(account_id: str) -> Policy:
    """Let the account's own IAM policies decide who uses the key, and nobody outside the account."""
    return _document(
        {
            "Sid": "AccountDecidesByItsPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    )


def bucket_policy(bucket_arn: Arn, objects_arn: Arn, key_arn: Arn) -> Policy:
    """Refuse what is not sent over TLS, and objects that ask for another key or kind of encryption than ours."""
    return _document(
        {
            "Sid": "OnlyOverTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, objects_arn],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
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


def inbox_access(bucket: str, prefix: str, key_arn: Arn) -> Policy:
    """Let a partner list, send, fetch and remove what is under its prefix, and use the key for that.

    The same text serves as the role's policy (for all partners' prefix) and, narrowed, as one user's session policy.
    """
    return _document(
        _list_below(bucket, prefix),
        {
            "Sid": "UseHome",
            "Effect": "Allow",
            "Action": [
                "s3:PutObject",
                "s3:GetObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
        },
        {"Sid": "UseKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key_arn},
    )


def stage_access(bucket: str, prefix: str, key_arn: Arn) -> Policy:
    """Let Snowflake list and read what is under `prefix`, and nothing more."""
    return _document(
        _list_below(bucket, prefix),
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
            "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
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
