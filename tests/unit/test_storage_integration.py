"""What Snowflake tells of an integration, and what it means."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.storage_integration import (
    Cause,
    Integration,
    Refusal,
    parse_description,
    parse_validation,
    validate_integration,
)

ROWS: list[dict[str, object]] = [
    {"property": "ENABLED", "property_value": "true"},
    {"property": "STORAGE_ALLOWED_LOCATIONS", "property_value": "s3://b/partners/,s3://b/canary/"},
    {"property": "STORAGE_BLOCKED_LOCATIONS", "property_value": ""},
    {"property": "STORAGE_AWS_IAM_USER_ARN", "property_value": "arn:user"},
    {"property": "STORAGE_AWS_EXTERNAL_ID", "property_value": "hunter2"},
    {"property": "STORAGE_AWS_ROLE_ARN", "property_value": "arn:role"},
]


def integration(**changes: str) -> Integration:
    return parse_description(
        [{**row, "property_value": changes.get(str(row["property"]), row["property_value"])} for row in ROWS]
    )


def refusal(words: str) -> Refusal:
    found = parse_validation(
        json.dumps({"status": "failure", "actions": {"LIST": {"status": "failure", "message": words}}})
    )
    assert found is not None
    return found


def test_validation_names_the_integration_as_text() -> None:
    assert validate_integration("L'S3", "s3://b/p/") == (
        "SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('L''S3', 's3://b/p/', 'landing-zone', 'list')"
    )


def test_a_description_gives_the_pair_and_keeps_the_external_id_out_of_its_text() -> None:
    found = integration()
    assert (found.iam_user_arn, found.external_id, found.enabled) == ("arn:user", "hunter2", True)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize("missing", range(6))
def test_a_description_that_lacks_something_is_told(missing: int) -> None:
    rows = [row for number, row in enumerate(ROWS) if number != missing]
    if missing in {1, 2}:
        found = parse_description(rows)
        assert (found.allowed_locations, found.blocked_locations)[missing - 1] == ()
        return
    with pytest.raises(ValueError, match=f"lacks {ROWS[missing]['property']}$"):
        parse_description(rows)


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({}, ""),
        ({"ENABLED": "false"}, "it is not enabled"),
        ({"STORAGE_AWS_ROLE_ARN": "arn:other"}, "it uses the role arn:other, not arn:role"),
        ({"STORAGE_ALLOWED_LOCATIONS": "s3://b/partners/"}, "it does not allow s3://b/canary/"),
        ({"STORAGE_ALLOWED_LOCATIONS": "*"}, ""),
        ({"STORAGE_ALLOWED_LOCATIONS": "s3://b/"}, ""),
        ({"STORAGE_BLOCKED_LOCATIONS": "s3://b/partners/"}, "it blocks s3://b/partners/"),
        (
            {"STORAGE_BLOCKED_LOCATIONS": "s3://b/, s3://b/partners/skyway/"},
            "it blocks s3://b/, s3://b/partners/skyway/",
        ),
        ({"STORAGE_BLOCKED_LOCATIONS": "s3://b/outbox/,s3://b/partners-old/"}, ""),
    ],
)
def test_what_in_the_integration_is_in_the_way(changes: dict[str, str], obstacle: str) -> None:
    assert integration(**changes).obstacle("arn:role", ["s3://b/partners/", "s3://b/canary/"]) == obstacle


@pytest.mark.parametrize(
    ("words", "cause", "advice"),
    [
        # As Snowflake's users report them, and as the sandbox says them.
        ("Error assuming AWS_ROLE. Please verify the role and externalId are configured correctly in your AWS policy.",
         Cause.TRUST, "likely propagation"),
        ("Error assuming AWS_ROLE:\nUser: arn:x is not authorized to perform: sts:AssumeRole on resource: arn:role",
         Cause.TRUST, "likely propagation"),
        ("Failure using stage area. Cause: [Access Denied (Status Code: 403; Error Code: AccessDenied)]",
         Cause.ACCESS, "s3:ListBucket"),
        ("User: arn:x is not authorized to perform: kms:Decrypt (Status Code: 403; Error Code: AccessDenied)",
         Cause.KEY, "kms:Decrypt"),
        ("Location 's3://b/kms/' is not allowed by integration 'LANDING_S3'", Cause.LOCATION, "--refresh"),
        ("This bucket does not exist (Status Code: 404; Error Code: NoSuchBucket)", Cause.BUCKET, "is not there"),
        ("Something else", Cause.UNKNOWN, "check the trust"),
    ],
)  # fmt: skip
def test_the_likely_cause_comes_from_snowflakes_own_words(words: str, cause: Cause, advice: str) -> None:
    found = refusal(words)
    assert (found.actions, found.words, found.cause) == (("LIST",), " ".join(words.split()), cause)
    assert advice in found.advice(trust_holds=True)


def test_a_trust_that_changed_meanwhile_is_not_told_as_propagation() -> None:
    assert "somebody else changed it" in refusal("Error assuming AWS_ROLE").advice(trust_holds=False)


def test_a_validation_may_succeed_or_be_something_else() -> None:
    assert parse_validation('{"status": "success", "actions": {}}') is None
    told = parse_validation('{"status": "failure", "message": "Some of the integration checks failed."}')
    assert told == Refusal(actions=("LIST",), words="Some of the integration checks failed.")
    for reply in ("", "[]", "null"):
        with pytest.raises(ValueError, match=r"no object|Expecting value"):
            parse_validation(reply)


@given(st.dictionaries(st.sampled_from(["READ", "WRITE", "LIST", "DELETE"]), st.text(), min_size=1), st.booleans())
def test_every_refusal_has_actions_words_and_advice(messages: dict[str, str], holds: bool) -> None:  # noqa: FBT001  # drawn
    actions = {name: {"status": "failure", "message": message} for name, message in messages.items()}
    found = parse_validation(json.dumps({"status": "failure", "actions": actions}))
    assert found is not None
    assert found.actions == tuple(actions)
    assert found.words
    assert found.advice(trust_holds=holds)
