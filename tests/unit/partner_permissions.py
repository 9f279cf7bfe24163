"""What a user of the door may do by the rendered policies, asked of the evaluator.

S3 takes a key as it is written: it knows no `..`, no case and no Unicode forms. So the expected answer is whether the
key, letter by letter, begins with a prefix of one's own, and the door has to resolve paths before it names a key.
"""

from __future__ import annotations

import json

from domain import iam
from domain.partners import OUTBOX_PREFIX, PARTNERS_PREFIX
from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.policy import read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

ACCOUNT = "123456789012"
REGION = "us-east-1"
BUCKET = "arn:aws:s3:::landing"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
SESSION = Caller(
    kind=CallerKind.SESSION,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/users/someone",
    account=ACCOUNT,
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/users",
)
ROLE = (read_policy(json.dumps(iam.users_access("landing", KEY))),)
OF_BUCKET = read_resource_policy(json.dumps(iam.bucket_policy(BUCKET, f"{BUCKET}/*", KEY)))
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/transfer/landing"
OF_KEY = read_resource_policy(json.dumps(iam.key_policy(ACCOUNT, REGION, LOG_GROUP)))

READS = ["s3:GetObject"]
WRITES = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
NEVER = [
    "s3:GetObjectVersion",
    "s3:DeleteObjectVersion",
    "s3:GetObjectAcl",
    "s3:PutObjectAcl",
    "s3:PutObjectVersionAcl",
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:PutObjectRetention",
    "s3:PutObjectLegalHold",
    "s3:BypassGovernanceRetention",
    "s3:RestoreObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTorrent",
    "s3:ReplicateObject",
    "s3:ObjectOwnerOverrideToBucketOwner",
]
NEVER_ON_BUCKET = [
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:GetBucketLocation",
    "s3:PutBucketAcl",
    "s3:PutBucketVersioning",
    "s3:PutBucketNotification",
    "s3:PutLifecycleConfiguration",
    "s3:PutEncryptionConfiguration",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutReplicationConfiguration",
    "s3:DeleteBucket",
    "s3:CreateBucket",
]
NAMES = ["sky", "sky-way", "skyway", "sky-", "sky--way", "skyway2", "skywayskyway", "partners", "outbox", "rail"]


def user_of(name: str) -> list[iam.Access]:
    """Give the folders of a user who has all of its partner's: the inbox writable, the outbox read-only."""
    return [
        iam.Access(prefix=f"{PARTNERS_PREFIX}{name}/", writable=True),
        iam.Access(prefix=f"{OUTBOX_PREFIX}{name}/", writable=False),
    ]


def may(folders: list[iam.Access], action: str, resource: str, **keys: str) -> bool:
    """Ask whether a user with these folders may do that, through the role, over TLS."""
    is_key = action.startswith("kms:")
    request = Request(
        caller=SESSION,
        action=action,
        resource=resource,
        resource_account=ACCOUNT,
        context=context_of({"aws:SecureTransport": "true", **{name.replace("_", ":"): keys[name] for name in keys}}),
    )
    policies = Policies(
        identity=ROLE,
        session=read_policy(json.dumps(iam.session_policy("landing", folders, KEY))),
        resource=OF_KEY if is_key else OF_BUCKET,
        resource_must_allow=is_key,
    )
    return decide(request, policies).allowed


def may_on_object(folders: list[iam.Access], action: str, key: str) -> bool:
    """Ask whether a user with these folders may do that with an object."""
    return may(folders, action, f"{BUCKET}/{key}")


def may_copy(folders: list[iam.Access], source: str, target: str) -> bool:
    """Ask for what S3 asks of a copy, which is also how a part of an upload is copied."""
    return may_on_object(folders, "s3:GetObject", source) and may_on_object(folders, "s3:PutObject", target)


def may_rename(folders: list[iam.Access], source: str, target: str) -> bool:
    """Ask for what Transfer does for a rename: a copy, then a removal."""
    return may_copy(folders, source, target) and may_on_object(folders, "s3:DeleteObject", source)


def below(folders: list[iam.Access], text: str, *, writable: bool = False) -> bool:
    """Say whether a text begins, letter by letter, with the prefix of one of the folders."""
    return any(text.startswith(folder.prefix) for folder in folders if folder.writable or not writable)
