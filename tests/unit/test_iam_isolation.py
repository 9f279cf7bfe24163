"""One partner never reaches what is another's: the rendered policies, asked for every pair of partners and action."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from domain.partners import OUTBOX_PREFIX, PARTNERS_PREFIX
from sandbox.aws.evaluator import Policies, Request, context_of, decide
from tests.unit.partner_permissions import (
    ACCOUNT,
    BUCKET,
    KEY,
    NAMES,
    NEVER,
    NEVER_ON_BUCKET,
    OF_BUCKET,
    READS,
    REGION,
    ROLE,
    SESSION,
    WRITES,
    may,
    may_copy,
    may_on_object,
    may_rename,
    user_of,
)


@pytest.mark.parametrize(("mine", "theirs"), list(permutations(NAMES, 2)))
def test_of_another_partner_nothing_is_open(mine: str, theirs: str) -> None:
    folders = user_of(mine)
    inbox, outbox = f"{PARTNERS_PREFIX}{theirs}/", f"{OUTBOX_PREFIX}{theirs}/"
    for action, root in product(READS + WRITES + NEVER, [inbox, outbox]):
        for key in (root, f"{root}a.csv", f"{root}../{mine}/a.csv", f"{root}{mine}/a.csv", root.rstrip("/")):
            assert not may_on_object(folders, action, key), (action, key)
    for prefix in (
        inbox,
        outbox,
        inbox.rstrip("/"),
        f"{inbox}../{mine}/",
        f"{inbox}sub/",
        PARTNERS_PREFIX,
        OUTBOX_PREFIX,
    ):
        assert not may(folders, "s3:ListBucket", BUCKET, s3_prefix=prefix), prefix
    own = f"{PARTNERS_PREFIX}{mine}/a.csv"
    for source, target in ((own, f"{inbox}a.csv"), (f"{inbox}a.csv", own), (f"{outbox}a.csv", own)):
        assert not may_copy(folders, source, target)
        assert not may_rename(folders, source, target)


@pytest.mark.parametrize("name", NAMES)
def test_ones_own_is_open_and_nothing_of_the_bucket(name: str) -> None:
    folders = user_of(name)
    inbox, outbox = f"{PARTNERS_PREFIX}{name}/a.csv", f"{OUTBOX_PREFIX}{name}/a.csv"
    assert all(may_on_object(folders, action, inbox) for action in READS + WRITES)
    assert all(may_on_object(folders, action, outbox) for action in READS)
    assert not any(may_on_object(folders, action, outbox) for action in WRITES)
    assert not any(may_on_object(folders, action, key) for action in NEVER for key in (inbox, outbox))
    assert not any(may(folders, action, BUCKET) for action in [*NEVER_ON_BUCKET, "s3:ListBucket"])
    assert not any(may(folders, action, BUCKET, s3_prefix=f"{PARTNERS_PREFIX}{name}/") for action in NEVER_ON_BUCKET)
    assert not may(folders, "s3:ListAllMyBuckets", "*")
    assert may_rename(folders, inbox, f"{inbox}.done")
    assert may_copy(folders, outbox, inbox)
    assert not may_rename(folders, outbox, inbox)
    assert not may_copy(folders, inbox, outbox)


@pytest.mark.parametrize("other", ["arn:aws:s3:::landing-access-logs", "arn:aws:s3:::landing2", "arn:aws:s3:::sky"])
def test_no_other_bucket_is_open(other: str) -> None:
    folders = user_of("sky")
    for action in READS + WRITES + NEVER:
        assert not may(folders, action, f"{other}/partners/sky/a.csv")
    assert not may(folders, "s3:ListBucket", other, s3_prefix="partners/sky/")


@pytest.mark.parametrize(
    ("action", "key_arn", "via", "readers", "writers"),
    [
        ("kms:Decrypt", KEY, "s3", True, True),
        ("kms:GenerateDataKey", KEY, "s3", False, True),
        ("kms:Decrypt", KEY, None, False, False),
        ("kms:Decrypt", KEY, "sqs", False, False),
        ("kms:GenerateDataKey", KEY, None, False, False),
        ("kms:Encrypt", KEY, "s3", False, False),
        ("kms:CreateGrant", KEY, "s3", False, False),
        ("kms:PutKeyPolicy", KEY, None, False, False),
        ("kms:ScheduleKeyDeletion", KEY, None, False, False),
        ("kms:Decrypt", KEY.replace("key/1", "key/2"), "s3", False, False),
    ],
)
def test_the_key_is_for_objects_alone(
    action: str, key_arn: str, via: str | None, *, readers: bool, writers: bool
) -> None:
    keys = {"kms_CallerAccount": ACCOUNT} | ({} if via is None else {"kms_ViaService": f"{via}.{REGION}.amazonaws.com"})
    writer = user_of("sky")
    assert may(writer, action, key_arn, **keys) is writers
    assert may(writer[1:], action, key_arn, **keys) is readers


def test_without_tls_nothing_is_open() -> None:
    request = Request(
        caller=SESSION,
        action="s3:GetObject",
        resource=f"{BUCKET}/partners/sky/a.csv",
        resource_account=ACCOUNT,
        context=context_of({"aws:SecureTransport": "false"}),
    )
    assert not decide(request, Policies(identity=ROLE, resource=OF_BUCKET))
