"""Feeds and flows in the settings: what Snowflake or a worker would only refuse later."""

from __future__ import annotations

import pytest

from tests.stack_values import check, faults, feed, partner, public_key, values


def stack(**changes: object) -> dict[str, object]:
    """Give a stack whose one feed differs by this."""
    return values(partners=[partner(feeds=[feed() | changes])])


def test_two_feeds_whose_tables_would_be_one() -> None:
    entries = [partner("sky-way", feeds=[feed("a")]), partner("sky", key=public_key(2), feeds=[feed("way-a")])]
    assert faults(values(partners=entries)) == [
        (
            "landing:partners[1].feeds[0].name: another feed loads into the table SKY_WAY_A already; choose another "
            "name (see landing:partners[0].feeds[0].name)"
        )
    ]


def test_a_partner_without_a_feed_is_told_so() -> None:
    told = faults(values(partners=[partner(feeds=[])]))
    assert told == ["landing:partners[0].feeds: needs at least one entry"]


@pytest.mark.parametrize(
    ("flow", "why"),
    [
        ("../x.py:f", "; '../x.py' is not below it, and only that is pulled"),
        ("/x.py:f", "; '/x.py' is not below it, and only that is pulled"),
        ("flows/x.py:Job.run", "; 'Job.run' is a method, whose parameters Prefect cannot read"),
        ("flows/x.py", "a function in it"),
        ("flows/x:f", "a function in it"),
    ],
)
def test_a_flow_outside_the_repository_is_refused(flow: str, why: str) -> None:
    (told,) = faults(stack(flow=flow))
    assert told.startswith(f"landing:partners[0].feeds[0].flow: {flow!r} is not an entry point: ")
    assert told.endswith(why)


def test_a_token_that_would_not_reach_the_repository() -> None:
    flows = {"repository": "git@git.example:flows.git", "tokenSecretName": "git-token"}
    (told,) = faults(values(flows=flows))
    assert told.startswith(
        "landing:flows.tokenSecretName: is of no use for git@git.example:flows.git, which is reached"
    )
    (told,) = faults(values(flows={"username": "ada"}))
    assert told.startswith("landing:flows.username: has no token beside it")


def test_two_deployments_with_one_name() -> None:
    flows = {
        "deployments": [{"name": name, "entrypoint": "flows/hello.py:hello"} for name in ("a", "skyway-orders", "a")]
    }
    assert faults(values(flows=flows)) == [
        "landing:flows.deployments[1].name: 'skyway-orders' is another deployment's name; choose another",
        "landing:flows.deployments[2].name: 'a' is another deployment's name; choose another",
    ]


def test_two_columns_with_one_name() -> None:
    (told,) = faults(stack(columns=[{"name": name, "type": "NUMBER"} for name in ("ID", "AT", "id")]))
    assert told.startswith("landing:partners[0].feeds[0].columns: names of columns must differ")
    assert told.endswith("got twice: ID")


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r"])
def test_a_delimiter_that_means_something_else_in_csv(delimiter: str) -> None:
    (told,) = faults(stack(csv={"delimiter": delimiter}))
    assert told.startswith(f"landing:partners[0].feeds[0].csv.delimiter: {delimiter!r} cannot part fields")


@pytest.mark.parametrize(
    "type_", ["NUMBER(39)", "NUMBER(0)", "NUMBER(5,6)", "VARCHAR(0)", "VARCHAR(16777217)", "number", ""]
)
def test_a_type_that_snowflake_does_not_have_is_told_before_up(type_: str) -> None:
    (told,) = faults(stack(columns=[{"name": "ID", "type": type_}]))
    assert told.startswith(f"landing:partners[0].feeds[0].columns[0].type: {type_!r} is not allowed")


@pytest.mark.parametrize("type_", ["NUMBER", "NUMBER(38,37)", "VARCHAR(16777216)", "TIMESTAMP_TZ", "VARIANT"])
def test_types_that_it_has_are_taken(type_: str) -> None:
    read = check(stack(columns=[{"name": "ID", "type": type_}]))
    assert read.partners[0].feeds[0].columns[0].type == type_


def test_a_format_that_is_not_known_names_the_key_the_value_and_the_choice() -> None:
    other = partner("other", key=public_key(2), feeds=[feed(format="xls")])
    assert faults(values(partners=[partner(), other])) == [
        "landing:partners[1].feeds[0].format: 'xls' is not one of csv, json, parquet"
    ]


@pytest.mark.parametrize("name", ["LOADED_AT", "loaded_file"])
def test_a_column_with_the_name_of_one_that_every_table_gets(name: str) -> None:
    (told,) = faults(stack(columns=[{"name": name, "type": "VARCHAR"}]))
    assert told.startswith(f"landing:partners[0].feeds[0].columns: {name!r} is a column that every table gets")


def test_a_feed_keeps_its_table_unless_its_entry_says_otherwise() -> None:
    assert not check(stack()).partners[0].feeds[0].drop
    assert check(stack(drop=True)).partners[0].feeds[0].drop
    (told,) = faults(stack(drop="later"))
    assert told.startswith("landing:partners[0].feeds[0].drop: 'later' is not allowed")


def snowflake(**changes: object) -> list[str]:
    return faults(values(snowflake=changes))


def test_roles_that_do_not_fit_together() -> None:
    assert snowflake(loaderRole="A", readerRole="A") == [
        "landing:snowflake: loaderRole and readerRole are both 'A', and readers must not load; name another role"
    ]
    assert snowflake(loaderGrantedTo=["LANDING_READER"]) == [
        "landing:snowflake: loaderGrantedTo: 'LANDING_READER' is the reader, who must not load; leave it out"
    ]
    assert snowflake(readerGrantedTo=["LANDING_READER"]) == [
        "landing:snowflake: readerGrantedTo: 'LANDING_READER' cannot be granted to itself; leave it out"
    ]
    assert snowflake(readerGrantedTo=["A", "B", "A"]) == [
        "landing:snowflake: readerGrantedTo: A stands there twice; leave one out"
    ]
    given = check(values(snowflake={"readerGrantedTo": ["SYSADMIN", "LANDING_LOADER"]})).snowflake
    assert (given.loader_granted_to, given.reader_granted_to) == ((), ("SYSADMIN", "LANDING_LOADER"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("warehouse", ""),
        ("loaderRole", ""),
        ("readerRole", 7),
        ("errorIntegration", ""),
        ("probe", "perhaps"),
        ("probeTimeoutSeconds", 0),
        ("probeTimeoutSeconds", 901),
    ],
)
def test_a_value_that_cannot_be_names_its_key(key: str, value: object) -> None:
    (told,) = snowflake(**{key: value})
    assert told.startswith(f"landing:snowflake.{key}: ")


def test_the_probe_is_on_unless_it_is_switched_off() -> None:
    assert check(values()).snowflake.probe
    assert not check(values(snowflake={"probe": False})).snowflake.probe


def test_an_external_id_of_ones_own_is_a_secret_and_stays_one() -> None:
    given = values(snowflake={"externalId": "0000-of-ours"})
    (told,) = faults(given)
    assert told.startswith(
        "landing:snowflake.externalId: stands here in plain text: choose another one, and set it by "
    )
    read = check(given, secret={"snowflake"})
    assert read.snowflake.external_id
    assert read.snowflake.external_id.get_secret_value() == "0000-of-ours"
    assert "0000" not in repr(read) + str(read.model_dump())


@pytest.mark.parametrize("given", ["a", "with a space", "x" * 1225, "straße", ""])
def test_what_sts_takes_for_no_external_id_is_told_and_not_shown(given: str) -> None:
    (told,) = faults(values(snowflake={"externalId": given}), secret={"snowflake"})
    assert told == (
        "landing:snowflake.externalId: an external id has 2 to 1224 letters, digits and characters of _+=,.@:/-, "
        "and no spaces"
    )
