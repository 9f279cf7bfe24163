"""KMS grants, read as further statements of their key's policy: each lets its grantee do what it lists.

https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from moto.kms.models import Grant, Key

_SERVICE = ".amazonaws.com"


def policy_with_grants(key: Key) -> str:
    """Give the key's policy document with its grants."""
    policy = str(key.policy)
    grants = tuple(key.grants.values())
    if not grants:
        return policy
    document = cast("dict[str, Any]", json.loads(policy))
    statements = document.get("Statement", [])
    own = cast("list[object]", statements if isinstance(statements, list) else [statements])
    return json.dumps({**document, "Statement": [*own, *map(_statement, grants)]})


def _statement(grant: Grant) -> dict[str, object]:
    grantee = str(grant.grantee_principal)
    return {
        "Effect": "Allow",
        "Principal": {"Service" if grantee.endswith(_SERVICE) else "AWS": grantee},
        "Action": [f"kms:{operation}" for operation in grant.operations],
        "Resource": "*",
        "Condition": dict(_conditions(grant.constraints or {})),
    }


def _conditions(constraints: dict[str, dict[str, str]]) -> Iterator[tuple[str, dict[str, object]]]:
    """Say the constraints in a policy's words: both demand pairs, and one that there are no others."""
    exact = constraints.get("EncryptionContextEquals", {})
    pairs = {**constraints.get("EncryptionContextSubset", {}), **exact}
    if pairs:
        yield "StringEquals", {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
    if exact:
        yield "ForAllValues:StringEquals", {"kms:EncryptionContextKeys": list(exact)}
