"""Requests under the landing zone's own documents: who may do what once the program has run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from domain import iam
from tests.unit.iam_simulate.cases import (
    ACCOUNT,
    FOREIGN_ACCOUNT,
    Case,
    Document,
    document,
    service,
    session,
    user,
)

_REGION = "us-east-1"
_BUCKET = "arn:aws:s3:::landing"
_OBJECTS = f"{_BUCKET}/*"
_KEY = f"arn:aws:kms:{_REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_OTHER_KEY = f"arn:aws:kms:{_REGION}:{ACCOUNT}:key/ffffffff-12ab-34cd-56ef-1234567890ab"
_SERVER = f"arn:aws:transfer:{_REGION}:{ACCOUNT}:user/s-0123456789abcdef0"
_SNOWFLAKE = user("snowflake", FOREIGN_ACCOUNT)

_SKY = session("users", "sky")
_FOLDERS = (iam.Access(prefix="partners/sky/", writable=True), iam.Access(prefix="outbox/sky/reports/", writable=False))
_ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:PutObjectAcl",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]
_KEYS = [
    "partners/sky/a.csv",
    "partners/sky-way/a.csv",
    "partners/Sky/a.csv",
    "partners/sky",
    "outbox/sky/reports/r.csv",
    "outbox/sky/other.csv",
    "partners/../outbox/rail/r.csv",
]


def cases() -> Iterator[Case]:
    """Give the requests, in their order."""
    yield from _objects()
    yield from _listings()
    yield from _encryption()
    yield from _key()
    yield from _stage()
    yield from _trusts()
    yield from _access_logs()


def _of_user(action: str, resource: str, **context: str) -> Case:
    return Case(
        shape=f"a partner's {action} of {resource}",
        caller=_SKY,
        action=action,
        resource=resource,
        context={"aws:SecureTransport": "true", **{name.replace("_", ":"): value for name, value in context.items()}},
        identity=[iam.users_access("landing", _KEY)],
        session=iam.session_policy("landing", _FOLDERS, _KEY),
        resource_policy=iam.bucket_policy(_BUCKET, _OBJECTS, _KEY),
    )


def _objects() -> Iterator[Case]:
    for action, key in product(_ACTIONS, _KEYS):
        yield _of_user(action, f"{_BUCKET}/{key}")


def _listings() -> Iterator[Case]:
    for action in ("s3:ListBucket", "s3:ListBucketVersions"):
        yield _of_user(action, _BUCKET)
        for prefix in (
            "partners/sky/",
            "partners/sky/x/",
            "partners/sky",
            "partners/",
            "outbox/sky/reports/",
            "outbox/sky/",
        ):
            yield _of_user(action, _BUCKET, s3_prefix=prefix)


def _encryption() -> Iterator[Case]:
    keys = [None, _KEY, _OTHER_KEY]
    clients_keys = [None, "AES256"]
    for algorithm, key, of_client, tls in product([None, "aws:kms", "AES256"], keys, clients_keys, ["true", "false"]):
        context = {"aws:SecureTransport": tls}
        if of_client is not None:
            context["s3:x-amz-server-side-encryption-customer-algorithm"] = of_client
        if algorithm is not None:
            context["s3:x-amz-server-side-encryption"] = algorithm
        if key is not None:
            context["s3:x-amz-server-side-encryption-aws-kms-key-id"] = key
        yield Case(
            shape=f"a put with {algorithm} under {key}, or a client's key with {of_client}, TLS {tls}",
            caller=_SKY,
            action="s3:PutObject",
            resource=f"{_BUCKET}/partners/sky/a.csv",
            context=context,
            identity=[iam.users_access("landing", _KEY)],
            session=iam.session_policy("landing", _FOLDERS, _KEY),
            resource_policy=iam.bucket_policy(_BUCKET, _OBJECTS, _KEY),
        )


def _key() -> Iterator[Case]:
    policy = iam.key_policy(ACCOUNT, _REGION, f"arn:aws:logs:{_REGION}:{ACCOUNT}:log-group:/aws/transfer/landing")
    everything = document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
    for caller, action, via in product([_SKY, user("ana"), _SNOWFLAKE], actions, [f"s3.{_REGION}.amazonaws.com", None]):
        yield Case(
            shape=f"{action} by {caller.arn} via {via}",
            caller=caller,
            action=action,
            resource=_KEY,
            context={"kms:CallerAccount": caller.account, **({} if via is None else {"kms:ViaService": via})},
            identity=[iam.users_access("landing", _KEY) if caller is _SKY else everything],
            session=iam.session_policy("landing", _FOLDERS, _KEY) if caller is _SKY else None,
            resource_policy=policy,
        )


def _stage() -> Iterator[Case]:
    role = session("stage", "snowflake")
    for action, key in product(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], _KEYS[:2]):
        yield _of_stage(role.arn, action, f"{_BUCKET}/{key}", {})
    for prefix in ("partners/sky/", "partners/sky-way/", "partners/"):
        yield _of_stage(role.arn, "s3:ListBucket", _BUCKET, {"s3:prefix": prefix})
    yield _of_stage(role.arn, "s3:GetBucketLocation", _BUCKET, {})


def _of_stage(arn: str, action: str, resource: str, context: dict[str, str]) -> Case:
    return Case(
        shape=f"{arn}: {action} of {resource}",
        caller=session("stage", "snowflake"),
        action=action,
        resource=resource,
        context={"aws:SecureTransport": "true", **context},
        identity=[iam.stage_access("landing", ["partners/sky/"], _KEY)],
        resource_policy=iam.bucket_policy(_BUCKET, _OBJECTS, _KEY),
    )


def _trusts() -> Iterator[Case]:
    may_assume = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    trust = iam.storage_trust(_SNOWFLAKE.arn, "SANDBOX_1")
    for caller, external_id, policy in product(
        [_SNOWFLAKE, user("other", FOREIGN_ACCOUNT), user("ana")],
        ["SANDBOX_1", "sandbox_1", None],
        [trust, iam.trust_nobody()],
    ):
        yield Case(
            shape=f"{caller.arn} into the stage's role with {external_id}",
            caller=caller,
            action="sts:AssumeRole",
            resource=f"arn:aws:iam::{ACCOUNT}:role/stage",
            context={} if external_id is None else {"sts:ExternalId": external_id},
            identity=[may_assume],
            resource_policy=policy,
        )
    for name, account, source in product(
        ["transfer.amazonaws.com", "s3.amazonaws.com"],
        [ACCOUNT, FOREIGN_ACCOUNT],
        [f"{_SERVER}/sky", f"arn:aws:transfer:{_REGION}:{ACCOUNT}:user/s-ffffffffffffffff0/sky"],
    ):
        yield _of_service(
            name,
            "sts:AssumeRole",
            f"arn:aws:iam::{ACCOUNT}:role/users",
            {"aws:SourceAccount": account, "aws:SourceArn": source},
            iam.transfer_trust(ACCOUNT, f"{_SERVER}/*"),
        )


def _access_logs() -> Iterator[Case]:
    policy = iam.access_log_policy("landing-access-logs", "landing", ACCOUNT)
    for account, source, tls in product(
        [ACCOUNT, FOREIGN_ACCOUNT], [_BUCKET, "arn:aws:s3:::landing2"], ["true", "false"]
    ):
        yield _of_service(
            "logging.s3.amazonaws.com",
            "s3:PutObject",
            "arn:aws:s3:::landing-access-logs/landing/2026-11-24",
            {"aws:SourceAccount": account, "aws:SourceArn": source, "aws:SecureTransport": tls},
            policy,
        )


def _of_service(name: str, action: str, resource: str, context: dict[str, str], policy: Document) -> Case:
    return Case(
        shape=f"{name}: {action} of {resource} with {context}",
        caller=service(name),
        action=action,
        resource=resource,
        context=context,
        resource_policy=policy,
    )
