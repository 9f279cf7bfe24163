"""The stack's settings: what is wrong is told all at once, by the key as typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.faults import ConfigurationError
from settings import Settings
from tests.stack_values import TODAY, check, faults, partner, values


def test_a_good_stack_is_read() -> None:
    settings = check(values())
    assert settings.prefix == "landing-test"
    assert settings.partners[0].prefix == "partners/skyway/"
    assert settings.snowflake.schema_name == "RAW"


def test_all_faults_are_told_at_once() -> None:
    given = values(partners=[partner() | {"timeZone": "EST5", "nme": "x"}], bucket={"name": "Bad_Name"})
    given.pop("prefect")
    given["surprise"] = 1
    told = "\n".join(faults(given))
    assert "landing:bucket.name: 'Bad_Name' is not a bucket name" in told
    assert "landing:partners[0].timeZone: 'EST5' is not an IANA time zone" in told
    assert "landing:partners[0].nme: is not a key that is known here" in told
    assert "landing:prefect: is missing; add it to Pulumi.test.yaml" in told
    assert "landing:surprise: is not known here" in told


def test_no_region_is_a_fault() -> None:
    with pytest.raises(ConfigurationError, match="aws:region: is missing"):
        Settings.check(values(), project="landing", stack="test", region=None, folder=Path(), today=TODAY)


def test_the_providers_secrets_are_allowed_and_never_enter_the_settings() -> None:
    prefect = {
        "apiUrl": "https://api.example.com/api",
        "workPool": "landing",
        "apiKey": "hunter2",
        "basicAuth": "u:hunter2",
    }
    assert "hunter2" not in repr(check(values(prefect=prefect)))


@pytest.mark.parametrize("given", [None, "", 7, [], True])
@pytest.mark.parametrize("section", ["bucket", "sftp", "snowflake", "prefect", "flows"])
def test_a_section_that_is_no_mapping_is_told_so(section: str, given: object) -> None:
    (told,) = faults(values(**{section: given}))
    assert told.startswith(f"landing:{section}: ")
    assert "is not a mapping; write its keys below it" in told
    assert "Settings" not in told


def test_keys_are_spelled_one_way() -> None:
    (told,) = faults(values(bucket={"name": "landing-test-partners", "delete_objects": True}))
    assert told.startswith("landing:bucket.delete_objects: is not a key that is known here")


@pytest.mark.parametrize(
    "address", ["ftp://h", "http://h:99999/api", "http://h:x/api", "http://[/api", "http://h/api?x", "h"]
)
def test_an_address_that_is_none(address: str) -> None:
    (told,) = faults(values(prefect={"apiUrl": address, "workPool": "landing"}))
    assert told.startswith(f"landing:prefect.apiUrl: {address!r} is not an http or https address")


@pytest.mark.parametrize("address", ["http://127.0.0.1:4200/api/", "https://h.example/api", "http://[::1]:4200/api"])
def test_an_address_is_kept_without_its_last_slash(address: str) -> None:
    read = check(values(prefect={"apiUrl": address, "workPool": "landing"}))
    assert read.prefect.api_url == address.rstrip("/")


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    (told,) = faults(values(prefect={"apiUrl": "http://user:hunter2@h/api", "workPool": "landing"}))
    assert "hunter2" not in told
    assert "set apiKey or basicAuth as a secret" in told


@pytest.mark.parametrize("given", [{"repository": ""}, {"reference": ""}, {"tokenSecretName": "Git Token"}])
def test_what_names_no_source_is_refused(given: dict[str, object]) -> None:
    (told,) = faults(values(flows=given))
    assert told.startswith(f"landing:flows.{next(iter(given))}: ")


def test_a_secret_where_it_would_end_in_plain_text_is_refused_and_not_shown() -> None:
    given = values(flows={"environment": {"TOKEN": "hunter2"}})
    with pytest.raises(ConfigurationError) as caught:
        Settings.check(
            given,
            project="landing",
            stack="test",
            region="us-east-1",
            folder=Path(),
            today=TODAY,
            secret={"flows", "prefect"},
        )
    assert [str(fault) for fault in caught.value.faults] == [
        "landing:flows: holds a secret, which would end in plain text in the state; keep it in Prefect"
    ]


def test_a_region_of_another_partition_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="aws:region: 'cn-north-1' is outside the partition 'aws'"):
        Settings.check(values(), project="landing", stack="test", region="cn-north-1", folder=Path(), today=TODAY)
