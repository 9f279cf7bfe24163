"""The policies by intent: what each lets through and, above all, what it does not."""

from __future__ import annotations

from typing import cast

from domain import iam

BUCKET = "landing-test-partners"
KEY = "arn:aws:kms:us-east-1:123456789012:key/one"


def statements(policy: iam.Policy) -> dict[str, dict[str, object]]:
    return {str(s["Sid"]): s for s in cast("list[dict[str, object]]", policy["Statement"])}


def test_a_session_lists_and_touches_its_own_home_alone() -> None:
    found = statements(iam.inbox_access(BUCKET, "partners/skyway/", KEY))
    assert found["List"]["Condition"] == {"StringLike": {"s3:prefix": ["partners/skyway/", "partners/skyway/*"]}}
    assert found["UseHome"]["Resource"] == f"arn:aws:s3:::{BUCKET}/partners/skyway/*"
    assert found["UseKey"]["Resource"] == KEY


def actions_of(policy: iam.Policy) -> list[str]:
    found: list[str] = []
    for statement in statements(policy).values():
        action = statement["Action"]
        found += cast("list[str]", action) if isinstance(action, list) else [str(action)]
    return found


def test_no_statement_that_allows_has_a_wildcard_for_its_actions() -> None:
    for policy in (iam.inbox_access(BUCKET, "partners/", KEY), iam.stage_access(BUCKET, "partners/", KEY)):
        assert all("*" not in action for action in actions_of(policy))


def test_snowflake_reads_and_never_writes() -> None:
    assert sorted(actions_of(iam.stage_access(BUCKET, "partners/", KEY))) == [
        "kms:Decrypt",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
    ]


def test_a_role_starts_by_trusting_nobody() -> None:
    (statement,) = statements(iam.trust_nobody()).values()
    assert statement["Effect"] == "Deny"


def test_the_storage_trust_asks_for_the_external_id() -> None:
    (statement,) = statements(iam.storage_trust("arn:aws:iam::999999999999:user/snowflake", "id-1")).values()
    assert statement["Principal"] == {"AWS": "arn:aws:iam::999999999999:user/snowflake"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "id-1"}}


def test_transfer_may_take_the_role_for_our_users_alone() -> None:
    users = "arn:aws:transfer:us-east-1:123456789012:user/s-1/*"
    policy = iam.transfer_trust("123456789012", users)
    (statement,) = cast("list[dict[str, object]]", policy["Statement"])
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": users},
    }


def test_the_bucket_refuses_plain_http_and_foreign_keys() -> None:
    found = statements(iam.bucket_policy(f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*", KEY))
    assert {s["Effect"] for s in found.values()} == {"Deny"}
    assert found["OnlyOverTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert found["OnlyByKms"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
    }
    assert found["OnlyUnderOurKey"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY},
    }
