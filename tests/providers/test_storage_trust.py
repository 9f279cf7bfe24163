"""The trust loop's provider, against stand-ins for both clouds that hold what they were told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clients.aws_roles import RoleTrust
from clients.errors import NotYetError, ServiceError
from clients.snowflake import SnowflakeAccount
from domain import iam
from providers import storage_trust
from providers.storage_trust import StorageTrustProvider
from providers.typed_provider import ProviderError
from tests.providers.two_clouds import ID, PROPS, SNOWFLAKE, USER, Clouds, Roles, configured, outs_of, stand_in


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    held = Clouds()
    stand_in(held, monkeypatch)
    return held


@pytest.fixture
def provider() -> StorageTrustProvider:
    return configured()


def test_create_lets_in_the_pair_that_snowflake_shows_and_nobody_else(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    created = provider.create(PROPS)
    assert clouds.trust == iam.storage_trust(USER, "id-1")
    assert (created.id, outs_of(created)["iam_user_arn"], outs_of(created)["external_id"]) == (
        ID,
        USER,
        "id-1",
    )


def test_create_waits_until_snowflake_can_list_each_location(clouds: Clouds, provider: StorageTrustProvider) -> None:
    clouds.refusals = 4
    provider.create(PROPS)
    assert clouds.calls == ["connect", "describe", "read trust", "write trust", *["list partners"] * 5, "list canary"]


def test_create_after_a_kill_writes_nothing_again(clouds: Clouds, provider: StorageTrustProvider) -> None:
    provider.create(PROPS)
    provider.create(PROPS)
    assert clouds.writes == 1


@pytest.mark.parametrize(
    ("words", "waited", "cause"),
    [
        ("Error assuming AWS_ROLE", " for 0 s", "likely propagation: IAM has the right trust"),
        ("not authorized to perform: kms:Decrypt", " for 0 s", "likely KMS: the role's policy, or the key's"),
        ("Access Denied (Status Code: 403; Error Code: AccessDenied)", " for 0 s", "likely the role's policy"),
        ("Location 's3://b/partners/' is not allowed by integration 'LANDING_S3'", "", "likely the location"),
    ],
)
def test_giving_up_names_the_object_the_action_the_location_snowflakes_words_and_the_cause(  # two fixtures, a table
    clouds: Clouds, provider: StorageTrustProvider, words: str, waited: str, cause: str
) -> None:
    clouds.refusals, clouds.words = 10**6, words
    with pytest.raises(ProviderError) as caught:
        provider.create({**PROPS, "timeout_seconds": 0})
    assert str(caught.value).startswith(
        "cannot create the trust of role stage in storage integration LANDING_S3: "
        f"Snowflake was refused LIST on s3://b/partners/{waited} ({words}); {cause}"
    )


def test_a_location_that_the_integration_does_not_allow_is_not_waited_for(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    clouds.refusals, clouds.words = 10**6, "is not allowed by integration"
    with pytest.raises(ProviderError, match="likely the location"):
        provider.create(PROPS)
    assert clouds.calls.count("list partners") == 1


def test_a_trust_that_somebody_changes_meanwhile_is_told_as_such(
    clouds: Clouds, provider: StorageTrustProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not clouds.is_closed

    def undone(roles: Roles, _name: str, _policy: iam.Policy) -> None:
        roles.clouds.trust = iam.trust_nobody()

    monkeypatch.setattr(Roles, "write", undone)
    with pytest.raises(ProviderError, match="likely the trust: somebody else changed it meanwhile"):
        provider.create({**PROPS, "timeout_seconds": 0})


def test_a_user_that_iam_does_not_know_yet_is_waited_for(clouds: Clouds, provider: StorageTrustProvider) -> None:
    def unknown() -> None:
        raise NotYetError("IAM refused (MalformedPolicyDocument: Invalid principal in policy)")

    clouds.faults = {4: unknown, 5: unknown}
    provider.create(PROPS)
    assert clouds.is_closed
    assert clouds.writes == 3
    clouds.trust, clouds.faults = iam.trust_nobody(), {len(clouds.calls) + 4: unknown}
    with pytest.raises(ProviderError, match="Invalid principal"):
        provider.create({**PROPS, "timeout_seconds": 0})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"enabled": False}, "integration LANDING_S3: it is not enabled"),
        ({"allowed": "s3://b/partners/"}, "integration LANDING_S3: it does not allow s3://b/canary/"),
        ({"role_arn": "arn:other"}, "integration LANDING_S3: it uses the role arn:other, not "),
    ],
)
def test_an_integration_that_is_off_is_drift_and_to_be_set_right_first(
    clouds: Clouds, provider: StorageTrustProvider, changes: dict[str, Any], words: str
) -> None:
    outs = outs_of(provider.create(PROPS))
    for name, value in changes.items():
        setattr(clouds, name, value)
    assert outs_of(provider.read(ID, outs))["drift"].startswith(words)
    with pytest.raises(ProviderError, match="run `pulumi up --refresh`"):
        provider.update(ID, outs, PROPS)


def test_a_closed_loop_shows_no_drift(clouds: Clouds, provider: StorageTrustProvider) -> None:
    outs = outs_of(provider.create(PROPS))
    read = provider.read(ID, outs)
    assert clouds.writes == 1
    assert not provider.diff("", outs_of(read), PROPS).changes


@pytest.mark.parametrize(
    "opened", ["trust edited", "integration replaced", "role gone", "role made anew", "integration gone"]
)
def test_a_plain_up_sees_an_open_loop_without_a_refresh(
    clouds: Clouds, provider: StorageTrustProvider, opened: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outs = outs_of(provider.create(PROPS))
    match opened:
        case "trust edited":
            clouds.trust = iam.storage_trust("arn:aws:iam::111111111111:root", "id-1")
        case "integration replaced":
            clouds.external_id = "id-2"
        case "role gone":
            clouds.trust = None
        case "role made anew":
            clouds.trust = iam.trust_nobody()
        case _:
            clouds.integration = False
    difference = provider.diff(ID, outs, PROPS)
    assert (difference.changes, difference.replaces) == (True, [])
    told = capsys.readouterr().err
    assert told.startswith("the trust of role stage in storage integration LANDING_S3: ")
    assert "id-1" not in told
    if opened.endswith("gone"):
        with pytest.raises(ProviderError, match="run `pulumi up --refresh`"):
            provider.update(ID, outs, PROPS)
    else:
        provider.update(ID, outs, PROPS)
        assert clouds.is_closed


def test_both_sides_are_told_when_both_are_off(clouds: Clouds, provider: StorageTrustProvider) -> None:
    outs = outs_of(provider.create(PROPS))
    clouds.trust, clouds.integration = None, False
    assert outs_of(provider.read(ID, outs))["drift"].startswith("no role stage; Snowflake refused DESCRIBE")


def test_a_state_of_one_location_is_read_and_becomes_one_of_two_in_place(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    old = {name: value for name, value in outs_of(provider.create(PROPS)).items() if name != "locations"}
    old["location"] = "s3://b/partners/"
    difference = provider.diff(ID, old, PROPS)
    assert (difference.changes, difference.replaces) == (True, [])
    assert not provider.diff(ID, old, {**PROPS, "locations": ["s3://b/partners/"]}).changes
    assert outs_of(provider.read(ID, old))["drift"] == ""
    assert outs_of(provider.update(ID, old, PROPS))["locations"] == PROPS["locations"]
    provider.delete(ID, old)
    assert clouds.trust == iam.trust_nobody()


def test_an_own_external_id_is_in_no_error(clouds: Clouds, provider: StorageTrustProvider) -> None:
    def quotes() -> None:
        raise ServiceError("IAM refused the document {'sts:ExternalId': 'hunter2'}", hint="not hunter2")

    def breaks() -> None:
        raise KeyError("hunter2")

    clouds.external_id = "hunter2"
    for number, fault in ((4, quotes), (len(clouds.calls) + 8, breaks)):
        clouds.faults = {number: fault}
        with pytest.raises(ProviderError) as caught:
            provider.create({**PROPS, "integration_external_id": "hunter2"})
        assert "[secret]" in str(caught.value)
        assert "hunter2" not in str(caught.value)


def test_a_trust_edited_by_hand_shows_in_the_preview_and_is_closed_again(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    outs = outs_of(provider.create(PROPS))
    clouds.trust = iam.storage_trust("arn:aws:iam::111111111111:root", "id-1")
    read = provider.read(ID, outs)
    assert "does not trust" in outs_of(read)["drift"]
    difference = provider.diff("", outs_of(read), PROPS)
    assert difference.changes
    assert not difference.replaces
    provider.update(ID, outs_of(read), PROPS)
    assert clouds.trust == iam.storage_trust(USER, "id-1")


def test_a_new_integration_is_noticed_in_the_same_up(clouds: Clouds, provider: StorageTrustProvider) -> None:
    outs = outs_of(provider.create(PROPS))
    clouds.external_id = "id-2"
    news = {**PROPS, "integration_external_id": "id-2"}
    assert provider.diff("", outs, news).changes
    assert outs_of(provider.update(ID, outs, news))["external_id"] == "id-2"
    assert clouds.trust == iam.storage_trust(USER, "id-2")


@pytest.mark.parametrize("gone", ["role", "integration"])
def test_a_side_that_is_not_there_is_drift_and_the_trust_stays_in_the_state(
    clouds: Clouds, provider: StorageTrustProvider, gone: str
) -> None:
    outs = outs_of(provider.create(PROPS))
    if gone == "role":
        clouds.trust = None
    else:
        clouds.integration = False
    read = provider.read(ID, outs)
    assert read.id == ID
    assert gone in outs_of(read)["drift"] or "DESCRIBE" in outs_of(read)["drift"]
    assert provider.diff("", outs_of(read), PROPS).changes


def test_delete_leaves_the_role_trusting_nobody_and_can_be_repeated(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    outs = outs_of(provider.create(PROPS))
    provider.delete(ID, outs)
    assert clouds.trust == iam.trust_nobody()
    clouds.trust = None
    provider.delete(ID, outs)


@pytest.mark.parametrize("setting", ["accessKey", "assumeRoles", "assumeRoleWithWebIdentity"])
def test_the_trust_is_not_written_in_another_account_than_the_role_is_in(clouds: Clouds, setting: str) -> None:
    made = StorageTrustProvider()
    made.configured({"aws:region": "us-east-1", f"aws:{setting}": "x"} | SNOWFLAKE)
    with pytest.raises(ProviderError, match=f"with the credentials of aws:{setting}; put them into a profile"):
        made.create(PROPS)
    assert clouds.writes == 0


def test_the_profile_is_the_aws_packages_own(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    def roles(**settings: object) -> Roles:
        given.update(settings)
        return Roles(clouds)

    monkeypatch.setattr(storage_trust, "RoleTrust", roles)
    made = StorageTrustProvider()
    made.configured({"aws:region": "us-east-1", "aws:profile": "landing"} | SNOWFLAKE)
    made.create(PROPS)
    assert given == {"region": "us-east-1", "profile": "landing"}


def test_a_profile_that_is_not_there_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ServiceError, match="no profile 'landing'; set aws:profile to one that is there"):
        RoleTrust(region="us-east-1", profile="landing")


def test_settings_that_are_missing_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SNOWFLAKE_USER", "SNOWFLAKE_PASSWORD", "SNOWFLAKE_PRIVATE_KEY", "SNOWFLAKE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ServiceError, match="without snowflake:accountName, snowflake:user, snowflake:privateKey or"):
        SnowflakeAccount.from_settings({"organizationName": "O"}.get)


def test_secrets_are_not_in_the_accounts_text() -> None:
    account = SnowflakeAccount(account="O-A", user="U", password="hunter2", private_key="pem")
    assert "hunter2" not in repr(account)
    assert "pem" not in repr(account)
