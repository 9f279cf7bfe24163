"""The trust loop's provider, against stand-ins for both clouds that hold what they were told."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult

from clients.aws_roles import RoleTrust
from clients.errors import NotFoundError, ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from domain import iam
from domain.iam import Policy
from providers import storage_trust
from providers.storage_trust import StorageTrustProvider
from providers.typed_provider import ProviderError

USER = "arn:aws:iam::999999999999:user/snowflake"
ROLE_ARN = "arn:aws:iam::123456789012:role/stage"
PROPS: dict[str, Any] = {
    "integration_name": "LANDING_S3",
    "integration_external_id": "id-1",
    "role_name": "stage",
    "role_arn": ROLE_ARN,
    "location": "s3://b/partners/",
    "timeout_seconds": 30,
}

SNOWFLAKE = {
    "snowflake:organizationName": "O",
    "snowflake:accountName": "A",
    "snowflake:user": "U",
    "snowflake:password": "P",
}


@dataclass
class Clouds:
    """What IAM and Snowflake hold."""

    trust: Policy | None = field(default_factory=iam.trust_nobody)
    external_id: str = "id-1"
    integration: bool = True
    refusals_before_success: int = 0
    """How often Snowflake cannot list yet after the trust is right: IAM takes a while."""
    writes: int = 0

    def lists(self) -> bool:
        if self.trust != iam.storage_trust(USER, self.external_id):
            return False
        self.refusals_before_success -= 1
        return self.refusals_before_success < 0


class Roles:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def read(self, role_name: str) -> Policy:
        if self.clouds.trust is None:
            raise NotFoundError(f"no role {role_name}")
        return self.clouds.trust

    def write(self, role_name: str, policy: Policy) -> None:
        self.read(role_name)
        self.clouds.trust = policy
        self.clouds.writes += 1


class Snowflake:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def query(self, statement: str, _parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        assert statement == 'DESCRIBE STORAGE INTEGRATION "LANDING_S3"'
        if not self.clouds.integration:
            raise ServiceError("Snowflake refused DESCRIBE (does not exist)", status=2003)
        return [
            {"property": "STORAGE_AWS_IAM_USER_ARN", "property_value": USER},
            {"property": "STORAGE_AWS_EXTERNAL_ID", "property_value": self.clouds.external_id},
            {"property": "STORAGE_AWS_ROLE_ARN", "property_value": ROLE_ARN},
        ]

    def value(self, statement: str, _parameters: Sequence[object] = ()) -> object:
        assert statement.startswith("SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LANDING_S3', 's3://b/partners/'")
        if self.clouds.lists():
            return '{"status": "success"}'
        return '{"status": "failure", "actions": {"LIST": {"message": "Error assuming AWS_ROLE"}}}'


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    held = Clouds()

    @contextmanager
    def connected(_account: SnowflakeAccount) -> Generator[Snowflake]:
        yield Snowflake(held)

    def roles(**_: object) -> Roles:
        return Roles(held)

    monkeypatch.setattr(SnowflakeClient, "connected", connected)
    monkeypatch.setattr(storage_trust, "RoleTrust", roles)
    monkeypatch.setattr(storage_trust, "_FIRST_WAIT_SECONDS", 0.001)
    return held


@pytest.fixture
def provider() -> StorageTrustProvider:
    made = StorageTrustProvider()
    made.configured({"aws:region": "us-east-1"} | SNOWFLAKE)
    return made


def outs_of(result: CreateResult | ReadResult | UpdateResult) -> dict[str, Any]:
    """Give the outputs of a verb that has to have some."""
    outs = result.outs
    assert outs is not None
    return outs


def test_create_lets_in_the_pair_that_snowflake_shows_and_nobody_else(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    created = provider.create(PROPS)
    assert clouds.trust == iam.storage_trust(USER, "id-1")
    assert (created.id, outs_of(created)["iam_user_arn"], outs_of(created)["external_id"]) == (
        "LANDING_S3/stage",
        USER,
        "id-1",
    )


def test_create_waits_until_snowflake_can_list(clouds: Clouds, provider: StorageTrustProvider) -> None:
    clouds.refusals_before_success = 4
    provider.create(PROPS)
    assert clouds.refusals_before_success == -1


def test_create_after_a_kill_writes_nothing_again(clouds: Clouds, provider: StorageTrustProvider) -> None:
    provider.create(PROPS)
    provider.create(PROPS)
    assert clouds.writes == 1


def test_giving_up_names_the_object_the_location_snowflakes_words_and_the_cause(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    clouds.refusals_before_success = 10**6
    with pytest.raises(ProviderError) as caught:
        provider.create({**PROPS, "timeout_seconds": 0})
    assert str(caught.value) == (
        "cannot create the trust of role stage in storage integration LANDING_S3: Snowflake still cannot list "
        "s3://b/partners/ after 0 s (Error assuming AWS_ROLE); the role's trust is not in force yet, or was changed by "
        "somebody else: run `pulumi up` again"
    )


def test_a_closed_loop_shows_no_drift(clouds: Clouds, provider: StorageTrustProvider) -> None:
    outs = outs_of(provider.create(PROPS))
    read = provider.read("LANDING_S3/stage", outs)
    assert clouds.writes == 1
    assert not provider.diff("", outs_of(read), PROPS).changes


def test_a_trust_edited_by_hand_shows_in_the_preview_and_is_closed_again(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    outs = outs_of(provider.create(PROPS))
    clouds.trust = iam.storage_trust("arn:aws:iam::111111111111:root", "id-1")
    read = provider.read("LANDING_S3/stage", outs)
    assert "does not trust" in outs_of(read)["drift"]
    difference = provider.diff("", outs_of(read), PROPS)
    assert difference.changes
    assert not difference.replaces
    provider.update("LANDING_S3/stage", outs_of(read), PROPS)
    assert clouds.trust == iam.storage_trust(USER, "id-1")


def test_a_new_integration_is_noticed_in_the_same_up(clouds: Clouds, provider: StorageTrustProvider) -> None:
    outs = outs_of(provider.create(PROPS))
    clouds.external_id = "id-2"
    news = {**PROPS, "integration_external_id": "id-2"}
    assert provider.diff("", outs, news).changes
    assert outs_of(provider.update("LANDING_S3/stage", outs, news))["external_id"] == "id-2"
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
    read = provider.read("LANDING_S3/stage", outs)
    assert read.id == "LANDING_S3/stage"
    assert gone in outs_of(read)["drift"] or "DESCRIBE" in outs_of(read)["drift"]
    assert provider.diff("", outs_of(read), PROPS).changes


def test_delete_leaves_the_role_trusting_nobody_and_can_be_repeated(
    clouds: Clouds, provider: StorageTrustProvider
) -> None:
    outs = outs_of(provider.create(PROPS))
    provider.delete("LANDING_S3/stage", outs)
    assert clouds.trust == iam.trust_nobody()
    clouds.trust = None
    provider.delete("LANDING_S3/stage", outs)


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
