"""The question `may this caller do that?`, asked of the evaluator with what the accounts hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sandbox.aws.accounts import KeyHolder, policies_of, resource_policy
from sandbox.aws.decision import Decision
from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.policy import Policy, read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind
from sandbox.home import LOOPBACK, REGION

Keys = Mapping[str, str | Sequence[str]]
"""Condition keys of a request, as a caller of this module writes them."""


def _read(document: str | None) -> Policy | None:
    return None if document is None else read_policy(document)


def _read_resource(document: str | None) -> Policy | None:
    return None if document is None else read_resource_policy(document)


def general_keys(caller: Caller, user_id: str | None = None) -> dict[str, str | Sequence[str]]:
    """Give the condition keys that every request has.

    The sandbox speaks plain HTTP on loopback and says that it is TLS: else a policy that demands TLS, as every
    bucket's should, would close the bucket to everyone.
    """
    now = datetime.now(UTC)
    keys: dict[str, str | Sequence[str]] = {
        "aws:SecureTransport": "true",
        "aws:SourceIp": LOOPBACK,
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:RequestedRegion": REGION,
    }
    if caller.kind is CallerKind.SERVICE:
        return keys | {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": caller.arn}
    keys |= {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalType": caller.kind.value,
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
    }
    if user_id is not None:
        keys["aws:userid"] = user_id
    if caller.kind is CallerKind.USER:
        keys["aws:username"] = caller.arn.rsplit("/", 1)[1]
    return keys


def ask(holder: KeyHolder, action: str, resource: str, keys: Keys) -> Decision:
    """Decide whether the holder of a key may do `action` on the ARN `resource`.

    Raises what reading a policy raises: a policy that the evaluator does not understand decides nothing.
    """
    governing = resource_policy(resource)
    owner = governing.account or holder.caller.account
    own = policies_of(holder.caller)
    context = context_of(general_keys(holder.caller, holder.user_id) | {"aws:ResourceAccount": owner} | dict(keys))
    return decide(
        Request(caller=holder.caller, action=action, resource=resource, resource_account=owner, context=context),
        Policies(
            identity=tuple(read_policy(document) for document in own.identity),
            boundary=_read(own.boundary),
            session=_read(holder.session_policy),
            resource=_read_resource(governing.document),
            resource_must_allow=governing.must_allow,
        ),
    )


def simulate(
    caller: Caller,
    action: str,
    resource: str,
    keys: Keys,
    *,
    further: Sequence[str] = (),
    boundary: str | None = None,
    resource_policy: str | None = None,
) -> Decision:
    """Decide as IAM's SimulatePrincipalPolicy does: by the caller's own policies and by no more than what is given.

    `keys` is the whole context: a simulation fills in none. `further` are policy documents beside the caller's own,
    `boundary` is one in place of its permissions boundary. The resource's own policy counts where it is given; the
    simulator does not look at the resource. Raises PolicyError.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    own = policies_of(caller)
    return decide(
        Request(
            caller=caller,
            action=action,
            resource=resource,
            resource_account=caller.account,
            context=context_of(keys),
        ),
        Policies(
            identity=tuple(read_policy(document) for document in (*own.identity, *further)),
            boundary=_read(boundary or own.boundary),
            resource=_read_resource(resource_policy),
        ),
    )


def ask_for_service(service: str, action: str, resource: str, keys: Keys) -> Decision:
    """Decide whether an AWS service, such as `transfer.amazonaws.com`, may do `action` by the resource's policy."""
    caller = Caller(kind=CallerKind.SERVICE, arn=service, account="")
    governing = resource_policy(resource)
    context = context_of(general_keys(caller) | {"aws:ResourceAccount": governing.account} | dict(keys))
    return decide(
        Request(caller=caller, action=action, resource=resource, resource_account=governing.account, context=context),
        Policies(resource=_read_resource(governing.document), resource_must_allow=governing.must_allow),
    )
