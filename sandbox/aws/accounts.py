"""What the accounts hold: moto's backends, read in the words of the gate.

Everything that the gate wants to know of moto's private shapes is here. Other requests change them
meanwhile, so a dict is copied before it is gone through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from moto.iam.models import IAMBackend, ManagedPolicy, Role, User, iam_backends
from moto.kms.models import Key, kms_backends
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.key_grants import policy_with_grants
from sandbox.aws.principals import Caller, CallerKind
from sandbox.aws.user_boundaries import boundary_of
from sandbox.home import ACCOUNT_ID, REGION

PARTITION = "aws"
_ARN_PARTS = 6


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """The owner of an access key."""

    caller: Caller
    user_id: str
    """What `aws:userid` is."""
    secret_access_key: str
    session_token: str | None = None
    """None for a user's lasting key."""
    expiration: datetime | None = None
    issued: datetime | None = None
    session_policy: str | None = None

    def expired(self, now: datetime) -> bool:
        """Say whether the key has stopped to work."""
        return self.expiration is not None and self.expiration <= now


@dataclass(frozen=True, kw_only=True)
class CallerPolicies:
    """The policy documents that a caller has of its own."""

    identity: tuple[str, ...]
    boundary: str | None


@dataclass(frozen=True, kw_only=True)
class ResourcePolicy:
    """The policy document of a resource, and whose the resource is."""

    account: str
    """Empty where an action has no resource of its own."""
    document: str | None
    must_allow: bool = False
    """True for keys and roles, which no IAM policy opens alone."""


def iam_of(account: str) -> IAMBackend:
    """Give moto's IAM of an account."""
    return iam_backends[account][PARTITION]


def key_holder(access_key_id: str) -> KeyHolder | None:
    """Find whose an access key is; None when nobody's, or when it is not active."""
    for account in tuple(iam_backends):
        key = iam_of(account).access_keys.get(access_key_id)
        if key is None or key.status != "Active":
            continue
        if key.user_name is None:
            session = _session(account, access_key_id)
            return None if session is None else _holder_of_session(session)
        user = iam_of(account).users.get(key.user_name)
        if user is None:
            return None
        caller = Caller(kind=CallerKind.USER, arn=user.arn, account=account)
        return KeyHolder(caller=caller, user_id=user.id, secret_access_key=key.secret_access_key)
    return None


def _session(account: str, access_key_id: str) -> AssumedRole | None:
    sessions = sts_backends[account][PARTITION].assumed_roles
    return next((session for session in reversed(sessions) if session.access_key_id == access_key_id), None)


def _holder_of_session(session: AssumedRole) -> KeyHolder | None:
    role = role_by_arn(session.role_arn)
    if role is None:
        return None
    expiration = session.expiration
    aware = expiration if expiration.tzinfo else expiration.replace(tzinfo=UTC)
    return KeyHolder(
        caller=Caller(kind=CallerKind.SESSION, arn=session.arn, account=session.account_id, role_arn=session.role_arn),
        user_id=session.user_id,
        secret_access_key=session.secret_access_key,
        session_token=session.session_token,
        expiration=aware,
        session_policy=session.policy or None,
    )


def forget_expired_sessions(now: datetime) -> None:
    """Drop the sessions, and their keys, that no longer work: moto itself keeps them for ever."""
    for account in tuple(sts_backends):
        backend = sts_backends[account][PARTITION]
        keys = iam_of(account).access_keys
        for session in tuple(backend.assumed_roles):
            holder = _holder_of_session(session)
            if holder is None or holder.expired(now):
                backend.assumed_roles.remove(session)
                keys.pop(session.access_key_id, None)


def role_by_arn(arn: str) -> Role | None:
    """Find a role by its ARN."""
    account, resource = _account_and_resource(arn)
    if not resource.startswith("role/"):
        return None
    return next((role for role in tuple(iam_of(account).roles.values()) if role.arn == arn), None)


def _account_and_resource(arn: str) -> tuple[str, str]:
    fields = arn.split(":", _ARN_PARTS - 1)
    return (fields[4], fields[5]) if len(fields) == _ARN_PARTS else ("", "")


def policies_of(caller: Caller) -> CallerPolicies:
    """Give the policy documents of a user, with its groups', or of the role behind a session."""
    if caller.kind is CallerKind.SERVICE:
        return CallerPolicies(identity=(), boundary=None)
    iam = iam_of(caller.account)
    if caller.kind is CallerKind.USER:
        user: User = iam.get_user(caller.arn.rsplit("/", 1)[1])
        groups = [group for group in tuple(iam.groups.values()) if user in group.users]
        return CallerPolicies(
            identity=tuple(_documents(user, *groups)), boundary=_boundary(caller.account, boundary_of(user))
        )
    role = role_by_arn(caller.principal_arn)
    if role is None:
        return CallerPolicies(identity=(), boundary=None)
    return CallerPolicies(
        identity=tuple(_documents(role)), boundary=_boundary(caller.account, role.permissions_boundary_arn)
    )


def _boundary(account: str, arn: str | None) -> str | None:
    """Give the document of a permissions boundary; one whose policy is gone allows nothing."""
    if not arn:
        return None
    policy = iam_of(account).managed_policies.get(arn)
    return _NOTHING if policy is None else _document(policy)


_NOTHING = '{"Version": "2012-10-17", "Statement": []}'


def _documents(*owners: object) -> Iterator[str]:
    for owner in owners:
        inline: dict[str, str] = getattr(owner, "policies", {})
        managed: dict[str, ManagedPolicy] = getattr(owner, "managed_policies", {})
        yield from tuple(inline.values())
        yield from map(_document, tuple(managed.values()))


def _document(policy: ManagedPolicy) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def resource_policy(arn: str) -> ResourcePolicy:
    """Give the policy of the resource that an ARN names; a resource that is not there has none."""
    service = arn.split(":", 3)[2] if arn.startswith("arn:") else ""
    account, resource = _account_and_resource(arn)
    if service == "s3":
        bucket = bucket_named(resource.split("/", 1)[0])
        if bucket is None:
            return ResourcePolicy(account="", document=None)
        policy = bucket.policy
        return ResourcePolicy(account=bucket.account_id, document=None if policy is None else policy.decode())
    if service == "kms":
        key = key_by_id(arn)
        document = None if key is None else policy_with_grants(key)
        return ResourcePolicy(account=account, document=document, must_allow=True)
    if service == "iam" and resource.startswith("role/"):
        role = role_by_arn(arn)
        document = None if role is None else role.assume_role_policy_document
        return ResourcePolicy(account=account, document=document, must_allow=True)
    if service == "sqs":
        queue = sqs_backends[account][arn.split(":")[3]].queues.get(resource)
        return ResourcePolicy(account=account, document=None if queue is None else queue.policy)
    return ResourcePolicy(account=account, document=None)


def bucket_named(name: str) -> FakeBucket | None:
    """Find a bucket in whichever account has it."""
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return None
    partition, account = owner
    return s3_backends[account][partition].buckets.get(name)


def stored_object(bucket: FakeBucket, name: str, version: str | None) -> FakeKey | None:
    """Find an object, or one version of it; a delete marker is none."""
    versions = bucket.keys.getlist(name, [])
    found = versions[-1:] if version is None else [one for one in versions if one.version_id == version]
    return found[0] if found and isinstance(found[0], FakeKey) else None


def key_by_id(key_id: str, account: str = ACCOUNT_ID) -> Key | None:
    """Find a KMS key by id, ARN or alias; `account` is where a bare id or alias is looked up."""
    if key_id.startswith("arn:"):
        account = _account_and_resource(key_id)[0]
    backend = kms_backends[account][REGION]
    return backend.keys.get(backend.any_id_to_key_id(key_id))
