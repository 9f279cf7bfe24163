"""The bucket: private, encrypted, versioned, tidied, logged, and heard of by one notification."""

from __future__ import annotations

import json

import pytest

from components.access_logs import AccessLogs, AccessLogsArgs
from components.object_events import ObjectEvents, ObjectEventsArgs
from tests.components.landing_pieces import ACCOUNT, BUCKET, KEY, a_bucket, answers, bucket_settings
from tests.components.recorder import Program, Registered

LOGS = f"{BUCKET}-access-logs"


@pytest.fixture
def bucket(registered: Program) -> Registered:
    return registered(a_bucket, outputs=answers)


def with_logs(**changes: object) -> None:
    bucket = a_bucket(**changes)
    AccessLogs("access-logs", AccessLogsArgs(account=ACCOUNT, bucket=bucket, settings=bucket_settings(**changes)))


def statements(text: str) -> dict[str, dict[str, object]]:
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def test_it_is_private_encrypted_and_versioned(bucket: Registered) -> None:
    (block,) = bucket.inputs_of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {
        block[k] for k in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    } == {True}
    assert bucket.named("landing-encryption").inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "bucketKeyEnabled": True,
        }
    ]
    assert bucket.named("landing-ownership").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert bucket.named("landing-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert not bucket.named("landing-bucket").inputs["forceDestroy"]


def test_its_policy_names_its_key_and_comes_after_the_public_access_block(bucket: Registered) -> None:
    policy = bucket.named("landing-policy")
    found = statements(policy.inputs["policy"])
    assert set(found) == {"OnlyOverTls", "OnlyUnderOurKey", "OnlyByKms", "NoKeysOfClients"}
    assert KEY in json.dumps(found["OnlyUnderOurKey"])
    assert "landing-public-access" in policy.depends_on


def test_its_key_rotates_and_serves_s3_and_one_log_group(registered: Program) -> None:
    key = registered(lambda: a_bucket(keyDeletionDays=9), outputs=answers).named("landing-key").inputs
    assert key["enableKeyRotation"] is True
    assert key["deletionWindowInDays"] == 9
    found = statements(key["policy"])
    assert set(found) == {"Administer", "UseForObjects", "UseForLogs"}
    assert found["UseForLogs"]["Condition"] == {
        "ArnEquals": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/transfer/landing-test"
            )
        }
    }


def test_old_versions_and_unfinished_uploads_go_after_the_days_that_settings_say(registered: Program) -> None:
    run = registered(lambda: a_bucket(oldVersionDays=11, unfinishedUploadDays=2), outputs=answers)
    tidy = run.named("landing-lifecycle")
    assert tidy.inputs["rules"] == [
        {
            "id": "tidy",
            "status": "Enabled",
            "filter": {},
            "noncurrentVersionExpiration": {"noncurrentDays": 11},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 2},
        }
    ]
    assert "landing-versioning" in tidy.depends_on


def test_access_logs_go_to_a_bucket_of_our_own_once_s3_may_deliver(registered: Program) -> None:
    run = registered(lambda: with_logs(accessLogs={"retentionDays": 7}), outputs=answers)
    delivery = run.named("access-logs-delivery")
    assert delivery.inputs == {"bucket": BUCKET, "targetBucket": LOGS, "targetPrefix": f"{BUCKET}/"}
    assert {"access-logs-policy", "landing-bucket"} <= delivery.depends_on
    assert run.named("access-logs-bucket").inputs["bucket"] == LOGS
    (rule,) = run.named("access-logs-lifecycle").inputs["rules"]
    assert rule["expiration"] == {"days": 7}
    found = statements(run.named("access-logs-policy").inputs["policy"])
    assert found["DeliverAccessLogs"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT.id},
    }
    # S3 delivers to no bucket under a KMS key.
    (rule,) = run.named("access-logs-encryption").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert run.named("access-logs-public-access").inputs["restrictPublicBuckets"] is True


def test_access_logs_go_to_a_bucket_that_is_there_and_nothing_is_made_for_them(registered: Program) -> None:
    run = registered(lambda: with_logs(accessLogs={"bucket": "company-logs"}), outputs=answers)
    (delivery,) = run.children_of("access-logs")
    assert delivery.inputs == {"bucket": BUCKET, "targetBucket": "company-logs", "targetPrefix": f"{BUCKET}/"}


@pytest.mark.parametrize("may_delete", [True, False])
def test_both_buckets_and_what_closes_them_are_protected_unless_they_may_go(
    registered: Program, *, may_delete: bool
) -> None:
    run = registered(lambda: with_logs(deleteObjects=may_delete), outputs=answers)
    kept = {resource.name for resource in run.resources if resource.options.protect}
    closing = ("encryption", "ownership", "public-access", "policy")
    both = {f"{each}-{part}" for each in ("landing", "access-logs") for part in ("bucket", *closing)}
    assert kept == (set() if may_delete else both | {"landing-key", "landing-versioning"})
    assert run.named("access-logs-bucket").inputs["forceDestroy"] is may_delete


@pytest.mark.parametrize("queue", ["arn:queue", None])
def test_there_is_one_notification_for_eventbridge_and_all_pipes(registered: Program, queue: str | None) -> None:
    run = registered(lambda: ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn=queue)))
    (notification,) = run.inputs_of("aws:s3/bucketNotification:BucketNotification")
    told = {"id": "snowpipe", "queueArn": queue, "events": ["s3:ObjectCreated:*"], "filterPrefix": "partners/"}
    assert notification == {"bucket": BUCKET, "eventbridge": True, "queues": [told] if queue else []}
