"""Requests of many shapes, the same ones each time: `python -m tests.unit.iam_simulate.generator` prints them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from random import Random

from sandbox.aws.principals import Caller, CallerKind
from tests.unit.iam_simulate import real_documents
from tests.unit.iam_simulate.cases import ACCOUNT, FOREIGN_ACCOUNT, Case, Document, document, service, session, user
from tests.unit.iam_simulate.statements import (
    BUCKET,
    OBJECT_ACTIONS,
    Values,
    condition,
    statement,
    with_principal,
)

SEED = 20261124
_ROUNDS = 120

SKYWAY = session("partners", "skyway")
RAIL = session("partners", "rail")
DEEP = session("worker", "run-1", path="/prefect/deep/")
ANA = user("ana")
BEN = user("ben")
FOREIGN_USER = user("snowflake", FOREIGN_ACCOUNT)
FOREIGN_SESSION = session("loader", "s", FOREIGN_ACCOUNT)
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_KEYS = [
    "partners/skyway/a.csv",
    "partners/sky-way/a.csv",
    "partners/sky/a.csv",
    "outbox/skyway/r.csv",
    "partners/rail/b",
]


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _principals(rng: Random, caller: Caller, *, may_be_exact: bool) -> object:
    """Give a Principal; where a session policy is about, not one that names the session or everyone (README.md)."""
    named: list[object] = [
        {"AWS": caller.account or ACCOUNT},
        {"AWS": _root(caller.account or ACCOUNT)},
        {"AWS": caller.principal_arn} if caller.kind is not CallerKind.SERVICE else {"Service": caller.arn},
        {"AWS": [RAIL.principal_arn, BEN.arn, _root(FOREIGN_ACCOUNT)]},
        {"Service": ["transfer.amazonaws.com", "s3.amazonaws.com"]},
        {"AWS": session("other", "x").principal_arn, "Service": "s3.amazonaws.com"},
    ]
    if may_be_exact:
        exact = {"AWS": caller.arn} if caller.kind is not CallerKind.SERVICE else {"Service": [caller.arn]}
        named += ["*", {"AWS": "*"}, exact, exact]
    return rng.choice(named)


def _own(rng: Random, actions: list[str], *, deny: float = 0.1) -> Document:
    return document(*(statement(rng, actions, deny=deny) for _ in range(rng.randint(1, 3))))


def _maybe(rng: Random, chance: float, policy: Document) -> Document | None:
    return policy if rng.random() < chance else None


def objects(rng: Random) -> Case:
    """A user or a session asks for an object, under policies of all kinds."""
    caller = rng.choice([SKYWAY, SKYWAY, DEEP, ANA, FOREIGN_USER, FOREIGN_SESSION])
    action = rng.choice(OBJECT_ACTIONS)
    is_session = caller.kind is CallerKind.SESSION
    capping = _maybe(rng, 0.5, _own(rng, [action])) if is_session else None
    in_bucket = [
        with_principal(statement(rng, [action], deny=0.15), _principals(rng, caller, may_be_exact=capping is None))
        for _ in range(rng.randint(1, 2))
    ]
    context: dict[str, Values] = {"aws:PrincipalArn": caller.principal_arn}
    if not is_session:
        context["aws:username"] = rng.choice(["skyway", caller.arn.rsplit("/", 1)[1]])
    return Case(
        shape="objects",
        caller=caller,
        action=action,
        resource=f"{BUCKET}/{rng.choice(_KEYS)}",
        context=context,
        identity=[_own(rng, [action]) for _ in range(rng.randint(0, 2))],
        boundary=_maybe(rng, 0.3, _own(rng, [action])),
        session=capping,
        resource_policy=_maybe(rng, 0.7, document(*in_bucket)),
    )


def conditions(rng: Random) -> Case:
    """A statement with one or two conditions decides."""
    block, given = condition(rng)
    if rng.random() < 0.3:
        more, further = condition(rng)
        block = {**more, **block}
        given = {**further, **given}
    about: Document = {
        "Effect": "Deny" if rng.random() < 0.35 else "Allow",
        "Action": "s3:GetObject",
        "Resource": f"{BUCKET}/*",
        "Condition": block,
    }
    base: Document = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    is_deny = about["Effect"] == "Deny"
    in_bucket = rng.random() < 0.3
    by_bucket = document(with_principal(about, "*" if rng.random() < 0.5 else {"AWS": ANA.arn})) if in_bucket else None
    return Case(
        shape=f"condition {json.dumps(block)}",
        caller=ANA,
        action="s3:GetObject",
        resource=f"{BUCKET}/a",
        context=given,
        identity=[document(*([base] if is_deny else []), *([] if in_bucket else [about]))]
        if is_deny or not in_bucket
        else [],
        resource_policy=by_bucket,
    )


def listings(rng: Random) -> Case:
    """ListBucket, with a prefix or without."""
    wanted = rng.choices(
        ["partners/skyway", "partners/skyway/*", "partners/${aws:username}/*", "", "partners/sky*"], k=2
    )
    about: dict[str, object] = {
        "Effect": rng.choice(["Allow", "Allow", "Deny"]),
        "Action": "s3:List*",
        "Resource": BUCKET,
    }
    about["Condition"] = {
        rng.choice(["StringLike", "StringEquals", "StringNotLike", "StringLikeIfExists"]): {"s3:prefix": wanted},
        rng.choice(["NumericLessThanEquals", "NumericGreaterThanIfExists"]): {"s3:max-keys": "100"},
    }
    context: dict[str, Values] = {"aws:username": "skyway", "s3:max-keys": rng.choice(["1", "100", "1000"])}
    if rng.random() < 0.85:
        context["s3:prefix"] = rng.choice(["partners/skyway", "partners/skyway/x/", "partners/sky-way/", "outbox/"])
    return Case(
        shape="listings",
        caller=rng.choice([SKYWAY, ANA]),
        action="s3:ListBucket",
        resource=BUCKET,
        context=context,
        identity=[document(about, *([_ALL_OF_S3] if about["Effect"] == "Deny" else []))],
    )


_ALL_OF_S3: Document = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def spared(rng: Random) -> Case:
    """NotPrincipal in a Deny: it lists the caller with role and account, or nothing of the caller's (README.md)."""
    caller = rng.choice([SKYWAY, DEEP, ANA, FOREIGN_SESSION])
    everything = list(dict.fromkeys([caller.arn, caller.principal_arn, _root(caller.account)]))
    listed = everything if rng.random() < 0.6 else [f"arn:aws:iam::{'1' * 12}:root", f"arn:aws:iam::{'1' * 12}:user/x"]
    action = rng.choice(OBJECT_ACTIONS)
    closed: Document = {"Effect": "Deny", "Action": "s3:*", "Resource": f"{BUCKET}/{rng.choice(['*', 'partners/*'])}"}
    opened: Document = {"Effect": "Allow", "Action": "s3:*", "Resource": f"{BUCKET}/*"}
    policy = [with_principal(closed, {"AWS": listed}, negated=True)]
    if caller.account != ACCOUNT:
        policy.append(with_principal(opened, {"AWS": caller.account}))
    return Case(
        shape="NotPrincipal",
        caller=caller,
        action=action,
        resource=f"{BUCKET}/{rng.choice(_KEYS)}",
        identity=[document(_ALL_OF_S3)],
        boundary=_maybe(rng, 0.3, document(_ALL_OF_S3)),
        resource_policy=document(*policy),
    )


def roles(rng: Random) -> Case:
    """AssumeRole in an account and across accounts, with an external id and without."""
    caller = rng.choice(
        [ANA, SKYWAY, FOREIGN_USER, FOREIGN_SESSION, service("transfer.amazonaws.com"), service("s3.amazonaws.com")]
    )
    is_service = caller.kind is CallerKind.SERVICE
    capping = _maybe(rng, 0.4, document(_assume(rng))) if caller.kind is CallerKind.SESSION else None
    trust: dict[str, object] = {
        "Effect": "Deny" if rng.random() < 0.1 else "Allow",
        "Action": "sts:AssumeRole",
        "Principal": _principals(rng, caller, may_be_exact=capping is None),
    }
    context: dict[str, Values] = {}
    if is_service:
        context["aws:SourceAccount"] = rng.choice([ACCOUNT, FOREIGN_ACCOUNT])
        context["aws:SourceArn"] = f"arn:aws:transfer:us-east-1:{ACCOUNT}:user/s-1234567890abcdef0/skyway"
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:transfer:us-east-1:{ACCOUNT}:user/s-{rng.choice('1?*9')}*"},
        }
    elif rng.random() < 0.7:
        trust["Condition"] = {
            rng.choice(["StringEquals", "StringEquals", "StringNotEquals", "StringLike"]): {"sts:ExternalId": "SNOW_1"}
        }
        if rng.random() < 0.8:
            context["sts:ExternalId"] = rng.choice(["SNOW_1", "SNOW_1", "snow_1", "SNOW_*"])
    return Case(
        shape="roles",
        caller=caller,
        action="sts:AssumeRole",
        resource=f"arn:aws:iam::{ACCOUNT}:role/stage",
        context=context,
        identity=[] if is_service else [document(_assume(rng)) for _ in range(rng.choice([0, 1, 1, 1]))],
        boundary=None if is_service else _maybe(rng, 0.15, document(_assume(rng))),
        session=capping,
        resource_policy=document(trust),
    )


def _assume(rng: Random) -> Document:
    target = rng.choice(
        ["*", f"arn:aws:iam::{ACCOUNT}:role/*", f"arn:aws:iam::{ACCOUNT}:role/stage", "arn:aws:iam::*:role/other"]
    )
    return {"Effect": "Deny" if rng.random() < 0.07 else "Allow", "Action": "sts:AssumeRole", "Resource": target}


def keys(rng: Random) -> Case:
    """The use of a KMS key, by its own policy and by its caller's."""
    caller = rng.choice([SKYWAY, SKYWAY, ANA, FOREIGN_USER, DEEP])
    capping = _maybe(rng, 0.3, document(_use_of_key(rng))) if caller.kind is CallerKind.SESSION else None
    opened = [
        with_principal({**_use_of_key(rng), "Resource": "*"}, _principals(rng, caller, may_be_exact=capping is None))
        for _ in range(rng.randint(1, 2))
    ]
    action = rng.choice(["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKey", "kms:CreateGrant"])
    context: dict[str, Values] = {
        "kms:CallerAccount": caller.account,
        "kms:ViaService": rng.choice(["s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"]),
    }
    return Case(
        shape="keys",
        caller=caller,
        action=action,
        resource=KEY,
        context=context,
        identity=[document(_use_of_key(rng)) for _ in range(rng.choice([0, 1, 1, 2]))],
        boundary=_maybe(rng, 0.15, document(_use_of_key(rng))),
        session=capping,
        resource_policy=_maybe(rng, 0.95, document(*opened)),
    )


def _use_of_key(rng: Random) -> Document:
    conditions: list[dict[str, object]] = [
        {},
        {},
        {"Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}},
        {"Condition": {"StringLike": {"kms:ViaService": ["sqs.*.amazonaws.com", "s3.*"]}}},
        {"Condition": {"StringEquals": {"kms:CallerAccount": ACCOUNT}}},
    ]
    return {
        "Effect": "Deny" if rng.random() < 0.08 else "Allow",
        "Action": rng.choice(["kms:*", "kms:Decrypt", ["kms:Decrypt", "kms:GenerateDataKey*"], "kms:*Grant*", "*"]),
        "Resource": rng.choice(["*", KEY, f"arn:aws:kms:*:{ACCOUNT}:key/*", "arn:aws:kms:us-east-1:*:key/1234abcd-*"]),
        **rng.choice(conditions),
    }


def without_resource(rng: Random) -> Case:
    """Actions that know no resource but `*`."""
    about: Document = {
        "Effect": "Allow",
        "Action": rng.choice(["*", "s3:List*", "s3:ListAllMyBuckets", "kms:ListKeys", "kms:*"]),
        "Resource": rng.choice(["*", "*", "arn:aws:s3:::*", f"arn:aws:kms:*:{ACCOUNT}:*"]),
    }
    return Case(
        shape="without resource",
        caller=rng.choice([ANA, SKYWAY]),
        action=rng.choice(["s3:ListAllMyBuckets", "kms:ListKeys"]),
        resource="*",
        identity=[document(about)],
    )


_SHAPES: list[tuple[int, Callable[[Random], Case]]] = [
    (3, objects),
    (4, conditions),
    (1, listings),
    (1, spared),
    (2, roles),
    (2, keys),
]


def cases(seed: int = SEED) -> Iterator[Case]:
    """Give all requests, in their order."""
    rng = Random(seed)  # noqa: S311  # no secret: the same requests each time are what is wanted
    for number in range(_ROUNDS):
        for times, shape in _SHAPES:
            for _ in range(times):
                yield shape(rng)
        if number % 6 == 0:
            yield without_resource(rng)
    yield from real_documents.cases()


def written(requests: list[Case]) -> str:
    """Write requests in iam-simulate's form."""
    return json.dumps([case.simulation() for case in requests], indent=0)


def digest(requests: list[Case]) -> str:
    """Give what tells whether recorded answers are answers to these requests."""
    return sha256(written(requests).encode()).hexdigest()[:16]


if __name__ == "__main__":
    everything = list(cases(*map(int, sys.argv[1:])))
    sys.stdout.write(f'{{"digest": "{digest(everything)}", "requests": {written(everything)}}}\n')
