"""The policies by intent: what each lets through and, above all, what it does not."""

from __future__ import annotations

import fnmatch
import json
from typing import cast

from domain import iam

BUCKET = "landing-test-partners"
KEY = "arn:aws:kms:us-east-1:123456789012:key/one"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/transfer/landing-test"
INBOX = iam.Access(prefix="partners/skyway/", writable=True)
OUTBOX = iam.Access(prefix="outbox/skyway/reports/", writable=False)
USES = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:Sign",
    "kms:CreateGrant",
)


def statements(policy: iam.Policy) -> dict[str, dict[str, object]]:
    return {str(s["Sid"]): s for s in cast("list[dict[str, object]]", policy["Statement"])}


def test_a_session_lists_and_touches_its_own_home_alone() -> None:
    found = statements(iam.session_policy(BUCKET, [INBOX], KEY))
    assert set(found) == {"List", "Inbox", "Key"}
    assert found["List"]["Condition"] == {"StringLike": {"s3:prefix": ["partners/skyway/*"]}}
    assert found["Inbox"]["Resource"] == [f"arn:aws:s3:::{BUCKET}/partners/skyway/*"]
    assert found["Key"] == {
        "Sid": "Key",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": KEY,
    }


def test_an_outbox_is_only_read_and_needs_no_new_data_key() -> None:
    found = statements(iam.session_policy(BUCKET, [OUTBOX], KEY))
    assert set(found) == {"List", "Outbox", "Key"}
    assert found["Outbox"]["Action"] == "s3:GetObject"
    assert found["Key"]["Action"] == ["kms:Decrypt"]


def test_each_folder_adds_its_own_prefix_and_nothing_else() -> None:
    found = statements(iam.session_policy(BUCKET, [INBOX, OUTBOX], KEY))
    assert found["List"]["Condition"] == {"StringLike": {"s3:prefix": ["partners/skyway/*", "outbox/skyway/reports/*"]}}
    assert found["Inbox"]["Resource"] == [f"arn:aws:s3:::{BUCKET}/partners/skyway/*"]
    assert found["Outbox"]["Resource"] == [f"arn:aws:s3:::{BUCKET}/outbox/skyway/reports/*"]


def test_the_length_that_is_told_at_preview_is_the_real_one() -> None:
    key_arn = f"arn:aws:kms:us-east-1:123456789012:key/{'a' * 36}"
    rendered = json.dumps(iam.session_policy(BUCKET, [INBOX, OUTBOX], key_arn), separators=iam.COMPACT)
    assert iam.length_of_session_policy(BUCKET, [INBOX, OUTBOX], "us-east-1") == len(rendered)


def test_who_administers_the_key_does_not_use_it_by_that() -> None:
    found = statements(iam.key_policy("123456789012", "us-east-1", LOG_GROUP))
    administer = cast("list[str]", found["Administer"]["Action"])
    assert not any(fnmatch.fnmatchcase(use, pattern) for use in USES for pattern in administer)
    assert found["UseForObjects"]["Condition"] == {
        "StringEquals": {"kms:CallerAccount": "123456789012", "kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    assert found["UseForLogs"]["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert found["UseForLogs"]["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": LOG_GROUP}}


def test_access_logs_are_delivered_for_one_bucket_of_one_account() -> None:
    found = statements(iam.access_log_policy("logs", BUCKET, "123456789012"))
    assert found["DeliverAccessLogs"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


def actions_of(policy: iam.Policy) -> list[str]:
    found: list[str] = []
    for statement in statements(policy).values():
        action = statement["Action"]
        found += cast("list[str]", action) if isinstance(action, list) else [str(action)]
    return found


def test_no_statement_that_allows_has_a_wildcard_for_its_actions() -> None:
    for policy in (iam.users_access(BUCKET, KEY), iam.stage_access(BUCKET, ["partners/"], KEY)):
        assert all("*" not in action for action in actions_of(policy))


def test_snowflake_reads_and_never_writes() -> None:
    assert sorted(actions_of(iam.stage_access(BUCKET, ["partners/"], KEY))) == [
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
    assert found["NoKeysOfClients"]["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}
    }
