"""The stack's settings: what is wrong is told all at once, by the key as typed."""

from __future__ import annotations

import base64
import datetime as dt
import struct
from pathlib import Path

import pytest

from domain.faults import ConfigurationError
from settings import Settings


TODAY = dt.date(2026, 11, 24)


def public_key(seed: int = 1, kind: str = "ssh-ed25519", *numbers: bytes) -> str:
    fields = [kind.encode(), *(numbers or (bytes([seed]) * 32,))]
    blob = b"".join(struct.pack(">I", len(field)) + field for field in fields)
    return f"{kind} {base64.b64encode(blob).decode()} somebody@laptop"


def partner(name: str = "skyway", *, key: object = None, feed: str = "orders") -> dict[str, object]:
    return {
        "name": name,
        "timeZone": "America/New_York",
        "publicKeys": [key or public_key()],
        "feeds": [{"name": feed, "columns": [{"name": "ID", "type": "NUMBER"}]}],
    }


def values(**changes: object) -> dict[str, object]:
    return {
        "bucket": {"name": "landing-test-partners"},
        "sftp": {"hostname": "sftp.example.com", "zone": "example.com"},
        "prefect": {"apiUrl": "http://127.0.0.1:4200/api", "workPool": "landing"},
        "partners": [partner()],
    } | changes


def check(given: dict[str, object], folder: Path = Path()) -> Settings:
    return Settings.check(given, project="landing", stack="test", region="us-east-1", folder=folder, today=TODAY)


def faults(given: dict[str, object]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        check(given)
    return [str(fault) for fault in caught.value.faults]


def test_a_good_stack_is_read() -> None:
    settings = check(values())
    assert settings.prefix == "landing-test"
    assert settings.partners[0].prefix == "partners/skyway/"
    assert settings.snowflake.schema_name == "RAW"


def test_a_format_that_is_not_known_names_the_key_the_value_and_the_choice() -> None:
    entry = partner("other")
    entry["feeds"] = [{"name": "orders", "format": "xls", "columns": [{"name": "ID", "type": "NUMBER"}]}]
    assert faults(values(partners=[partner(), entry | {"publicKeys": [public_key(2)]}])) == [
        "landing:partners[1].feeds[0].format: 'xls' is not one of csv, json, parquet"
    ]


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


def test_a_close_zone_is_offered() -> None:
    (told,) = faults(values(partners=[partner() | {"timeZone": "America/NewYork"}]))
    assert "did you mean 'America/New_York'?" in told


def test_no_region_is_a_fault() -> None:
    with pytest.raises(ConfigurationError, match="aws:region: is missing"):
        Settings.check(values(), project="landing", stack="test", region=None, folder=Path(), today=TODAY)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "this is a PRIVATE key"),
        ("ssh-dss AAAA", "'ssh-dss' is not an accepted key type"),
        ("ssh-ed25519 AAAA", "cut short or damaged"),
        ("nonsense", "is not one line of an OpenSSH public key"),
        (public_key(1, "ssh-rsa"), "cut short or damaged: an RSA key has two numbers"),
        (public_key(1, "ssh-rsa", b"\x01\x00\x01", b"\x7f" * 128), "an RSA key of 1023 bits is too short"),
        ({"file": "no/such.pub"}, "the key file 'no/such.pub' cannot be read (No such file or directory)"),
        ({"path": "x"}, "give the public key's line, or {file:"),
        (7, "give the public key's line, or {file:"),
    ],
)
def test_a_bad_key_says_what_it_is(key: object, words: str) -> None:
    (told,) = faults(values(partners=[partner(key=key)]))
    assert told.startswith("landing:partners[0].publicKeys[0]: ")
    assert words in told


def test_a_key_may_be_a_file_beside_the_program(tmp_path: Path) -> None:
    (tmp_path / "skyway.pub").write_text(public_key() + "\n")
    settings = check(values(partners=[partner(key={"file": "skyway.pub"})]), tmp_path)
    assert settings.partners[0].logins[0].public_keys[0].key.body == public_key().rsplit(" ", 1)[0]


def test_what_two_partners_cannot_share() -> None:
    told = faults(values(partners=[partner(), partner()]))
    assert told[0].startswith(
        "landing:partners[1].name: 'skyway' is another partner's name (see landing:partners[0].name)"
    )
    assert any(line.startswith("landing:partners[1].publicKeys[0]: the same public key") for line in told)


def test_two_feeds_whose_tables_would_be_one() -> None:
    told = faults(values(partners=[partner("sky-way", feed="a"), partner("sky", key=public_key(2), feed="way-a")]))
    assert len(told) == 1
    assert told[0] == (
        "landing:partners[1].feeds[0].name: another feed loads into the table SKY_WAY_A already; choose another name "
        "(see landing:partners[0].feeds[0].name)"
    )


@pytest.mark.parametrize("name", ["ab", "root!", "-x-", "Skyway", "a" * 33])
def test_a_partner_name_that_cannot_be_a_user_or_a_folder(name: str) -> None:
    (told,) = faults(values(partners=[partner(name)]))
    assert told.startswith(f"landing:partners[0].name: {name!r} is not allowed")


def test_a_partner_without_a_feed_is_told_so() -> None:
    entry = partner()
    entry["feeds"] = []
    assert faults(values(partners=[entry])) == ["landing:partners[0].feeds: needs at least one entry"]


@pytest.mark.parametrize("flow", ["../x.py:f", "/x.py:f", "flows/x.py", "flows/x:f"])
def test_a_flow_outside_the_repository_is_refused(flow: str) -> None:
    entry = partner()
    entry["feeds"] = [{"name": "orders", "flow": flow, "columns": [{"name": "ID", "type": "NUMBER"}]}]
    (told,) = faults(values(partners=[entry]))
    assert told.startswith(f"landing:partners[0].feeds[0].flow: {flow!r} is not allowed")


def test_two_deployments_with_one_name() -> None:
    flows = {
        "deployments": [{"name": name, "entrypoint": "flows/hello.py:hello"} for name in ("a", "skyway-orders", "a")]
    }
    assert faults(values(flows=flows)) == [
        "landing:flows.deployments[1].name: 'skyway-orders' is another deployment's name; choose another",
        "landing:flows.deployments[2].name: 'a' is another deployment's name; choose another",
    ]


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


@pytest.mark.parametrize("given", [None, "", 7, {}, True])
def test_partners_that_are_no_list_are_told_so(given: object) -> None:
    (told,) = faults(values(partners=given))
    assert told.startswith("landing:partners: ")
    assert "is not a list" in told


def test_a_number_for_a_name_is_told_so() -> None:
    assert faults(values(partners=[partner() | {"name": 7}])) == [
        "landing:partners[0].name: 7 is not a text; write one, in quotes where it looks like a number"
    ]


def test_keys_are_spelled_one_way() -> None:
    (told,) = faults(values(bucket={"name": "landing-test-partners", "delete_objects": True}))
    assert told.startswith("landing:bucket.delete_objects: is not a key that is known here")


def feed(**changes: object) -> dict[str, object]:
    entry = partner()
    entry["feeds"] = [{"name": "orders", "columns": [{"name": "ID", "type": "NUMBER"}]} | changes]
    return values(partners=[entry])


def test_two_columns_with_one_name() -> None:
    columns = [{"name": name, "type": "NUMBER"} for name in ("ID", "AT", "id")]
    (told,) = faults(feed(columns=columns))
    assert told.startswith("landing:partners[0].feeds[0].columns: names of columns must differ")
    assert told.endswith("got twice: ID")


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r"])
def test_a_delimiter_that_means_something_else_in_csv(delimiter: str) -> None:
    (told,) = faults(feed(csv={"delimiter": delimiter}))
    assert told.startswith(f"landing:partners[0].feeds[0].csv.delimiter: {delimiter!r} cannot part fields")


def test_a_key_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"the key file 'key\.pub' is no text"):
        check(values(partners=[partner(key={"file": "key.pub"})]), tmp_path)


@pytest.mark.parametrize(("hostname", "zone"), [("sftp.example.com", "example.org"), ("example.com", "example.com")])
def test_a_host_name_that_its_zone_cannot_hold(hostname: str, zone: str) -> None:
    (told,) = faults(values(sftp={"hostname": hostname, "zone": zone}))
    assert told.startswith(f"landing:sftp.zone: the zone {zone!r} cannot hold a CNAME for {hostname!r}")


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


@pytest.mark.parametrize(
    "type_", ["NUMBER(39)", "NUMBER(0)", "NUMBER(5,6)", "VARCHAR(0)", "VARCHAR(16777217)", "number", ""]
)
def test_a_type_that_snowflake_does_not_have_is_told_before_up(type_: str) -> None:
    entry = partner()
    entry["feeds"] = [{"name": "orders", "columns": [{"name": "ID", "type": type_}]}]
    (told,) = faults(values(partners=[entry]))
    assert told.startswith(f"landing:partners[0].feeds[0].columns[0].type: {type_!r} is not allowed")


@pytest.mark.parametrize("type_", ["NUMBER", "NUMBER(38,37)", "VARCHAR(16777216)", "TIMESTAMP_TZ", "VARIANT"])
def test_types_that_it_has_are_taken(type_: str) -> None:
    entry = partner()
    entry["feeds"] = [{"name": "orders", "columns": [{"name": "ID", "type": type_}]}]
    assert check(values(partners=[entry])).partners[0].feeds[0].columns[0].type == type_
