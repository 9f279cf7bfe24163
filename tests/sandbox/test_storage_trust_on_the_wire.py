"""The storage trust by its real clients over a wire that breaks, against the sandbox's IAM and Snowflake."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from clients import aws_roles, snowflake
from domain import iam
from domain.storage_integration import Integration, parse_description
from providers.storage_trust import StorageTrustProvider
from providers.typed_provider import ProviderError
from sandbox.home import LOOPBACK, REGION, new_private_key
from tests.sandbox.faulty_way import FaultyWay, faulty_way
from tests.sandbox.snowflake_account import SnowflakeAccount, snowflake_account

pytestmark = pytest.mark.sandbox

BUCKET = "landing-trusted"
ROLE = "landing-trusting"
ROLE_ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
ID = f"LANDING_TRUST/{ROLE}"
LOCATIONS = [f"s3://{BUCKET}/partners/", f"s3://{BUCKET}/canary/"]
PROPS: dict[str, Any] = {
    "integration_name": "LANDING_TRUST",
    "integration_external_id": "",
    "role_name": ROLE,
    "role_arn": ROLE_ARN,
    "locations": LOCATIONS,
    "timeout_seconds": 5,
}
THROTTLED = (
    '400 <ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
    "<Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)
AWS_FAULTS = {"reset": "reset", "time-out": "time-out", "throttle": THROTTLED, "500": "500 <oops/>"}
SNOWFLAKE_FAULTS = {"reset": "reset", "time-out": "time-out", "throttle": "429 ", "500": "500 "}
AWS_CALLS = ["GetRole", "UpdateAssumeRolePolicy"]
SNOWFLAKE_CALLS = ["/session/v1/login-request", *["/queries/v1/query-request"] * 3]


@dataclass
class World:
    """Both clouds, and the ways to them."""

    account: SnowflakeAccount
    aws: FaultyWay
    snowflake: FaultyWay

    def provider(self, **settings: object) -> StorageTrustProvider:
        made = StorageTrustProvider()
        made.configured(
            {
                "aws:region": REGION,
                "snowflake:organizationName": "SANDBOX",
                "snowflake:accountName": "LANDING",
                "snowflake:user": "LANDING",
                "snowflake:host": LOOPBACK,
                "snowflake:port": float(self.snowflake.port),
                "snowflake:protocol": "http",
            }
            | ({"snowflake:password": self.account.home.credentials.snowflake_password} | settings)
        )
        return made

    @property
    def trust(self) -> object:
        return self.account.aws("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]

    @property
    def integration(self) -> Integration:
        return parse_description(self.account.rows('DESC INTEGRATION "LANDING_TRUST"'))

    @property
    def is_closed(self) -> bool:
        found = self.integration
        return self.trust == iam.storage_trust(found.iam_user_arn, found.external_id)

    def drift(self, state: dict[str, Any]) -> str:
        """Give what a refresh finds, and see that a plain `up` finds it too."""
        found = self.provider().read(ID, dict(state)).outs
        assert found is not None
        assert self.provider().diff(ID, dict(state), dict(PROPS)).changes is bool(found["drift"])
        return found["drift"]

    def key(self, passphrase: str | None) -> str:
        """Give the user's private key as PEM, encrypted where there is a passphrase."""
        key = serialization.load_pem_private_key(self.account.home.credentials.snowflake_private_key.encode(), None)
        locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else None
        return key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked or serialization.NoEncryption()
        ).decode()

    def make_role(self) -> None:
        client = self.account.aws("iam")
        client.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(iam.trust_nobody()))
        self.allow()

    def allow(self) -> None:
        """Let the role read, as the stack does."""
        reads = iam.stage_access(BUCKET, ["partners/", "canary/"], f"arn:aws:kms:{REGION}:123456789012:key/none")
        self.account.aws("iam").put_role_policy(RoleName=ROLE, PolicyName="read", PolicyDocument=json.dumps(reads))

    def make_integration(self, more: str = "") -> None:
        allowed = ", ".join(f"'{location}'" for location in LOCATIONS)
        self.account.run(
            "CREATE STORAGE INTEGRATION \"LANDING_TRUST\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
            f"STORAGE_AWS_ROLE_ARN = '{ROLE_ARN}' STORAGE_ALLOWED_LOCATIONS = ({allowed}) {more}"
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Generator[World]:
    with (
        snowflake_account(tmp_path_factory.mktemp("trust"), "aws", "snowflake") as account,
        faulty_way(account.home.ports.aws, "Action=GetRole", "Action=UpdateAssumeRolePolicy") as aws,
        faulty_way(account.home.ports.snowflake, *dict.fromkeys(SNOWFLAKE_CALLS)) as snowflake_,
    ):
        account.aws("s3").create_bucket(Bucket=BUCKET)
        world = World(account, aws, snowflake_)
        world.make_role()
        world.make_integration()
        yield world


@pytest.fixture
def world(made: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give both clouds with the loop open, and clients that wait only shortly for a reply."""
    keys = made.account.home.credentials.deployer
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{LOOPBACK}:{made.aws.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    monkeypatch.setattr(aws_roles, "_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(snowflake, "_SOCKET_TIMEOUT_SECONDS", 1)
    made.account.aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(iam.trust_nobody()))
    for way in (made.aws, made.snowflake):
        way.expect("", 0, after_effect=False)
    return made


def test_the_loop_makes_these_calls(world: World) -> None:
    world.provider().create(dict(PROPS))
    assert [call.removeprefix("Action=") for call in world.aws.calls] == AWS_CALLS
    assert world.snowflake.calls == SNOWFLAKE_CALLS
    assert world.is_closed


@pytest.mark.parametrize(("number", "after_effect"), [(1, False), (2, False), (2, True)])
@pytest.mark.parametrize("kind", AWS_FAULTS)
def test_a_call_to_iam_that_fails_once_is_made_again(
    world: World, number: int, kind: str, *, after_effect: bool
) -> None:
    world.aws.expect(AWS_FAULTS[kind], number, after_effect=after_effect)
    world.provider().create(dict(PROPS))
    assert len(world.aws.calls) == 3
    assert world.is_closed


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("kind", SNOWFLAKE_FAULTS)
def test_a_call_to_snowflake_that_fails_once_is_made_again(world: World, number: int, kind: str) -> None:
    world.snowflake.expect(SNOWFLAKE_FAULTS[kind], number, after_effect=False)
    world.provider().create(dict(PROPS))
    assert len(world.snowflake.calls) == 5
    assert world.is_closed


def test_what_people_do_by_hand_is_told_and_closed_again(world: World) -> None:
    provider = world.provider()
    state = provider.create(dict(PROPS)).outs
    assert state is not None
    assert not provider.diff(ID, state, dict(PROPS)).changes
    world.account.run('DROP INTEGRATION "LANDING_TRUST"')
    assert "does not exist" in world.drift(state)
    world.make_integration()
    assert "does not trust" in world.drift(state)
    provider.update(ID, state, dict(PROPS))
    assert world.is_closed
    client = world.account.aws("iam")
    client.delete_role_policy(RoleName=ROLE, PolicyName="read")
    client.delete_role(RoleName=ROLE)
    assert "NoSuchEntity" in world.drift(state)
    provider.delete(ID, state)
    world.make_role()
    assert "does not trust" in world.drift(state)
    provider.update(ID, state, dict(PROPS))
    assert world.is_closed
    assert world.drift(state) == ""


def test_an_own_external_id_closes_the_loop_and_is_told_to_nobody(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider, own = world.provider(), "hunter2-of-ours"
    world.account.run(f"ALTER STORAGE INTEGRATION \"LANDING_TRUST\" SET STORAGE_AWS_EXTERNAL_ID = '{own}'")
    props = {**PROPS, "integration_external_id": own}
    state = provider.create(dict(props)).outs
    assert state is not None
    assert world.trust == iam.storage_trust(world.integration.iam_user_arn, own)
    world.account.aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(iam.trust_nobody()))
    caplog.clear()
    assert provider.diff(ID, state, dict(props)).changes
    world.aws.expect(
        "400 <ErrorResponse><Error><Message>hunter2-of-ours</Message></Error></ErrorResponse>", 2, after_effect=False
    )
    with pytest.raises(ProviderError) as caught:
        provider.update(ID, state, dict(props))
    told = capfd.readouterr()
    assert "[secret]" in str(caught.value)
    assert own not in f"{caught.value}{told.out}{told.err}"
    world.account.run('ALTER STORAGE INTEGRATION "LANDING_TRUST" UNSET STORAGE_AWS_EXTERNAL_ID')


@pytest.mark.parametrize("passphrase", [None, "hunter2"])
@pytest.mark.parametrize("place", ["config", "environment"])
def test_a_key_pair_opens_snowflake_from_secret_config_or_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, passphrase: str | None
) -> None:
    given = {"privateKey": world.key(passphrase), "privateKeyPassphrase": passphrase or ""}
    names = {"privateKey": "SNOWFLAKE_PRIVATE_KEY", "privateKeyPassphrase": "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"}
    settings: dict[str, object] = {"snowflake:password": None}
    monkeypatch.delenv("SNOWFLAKE_PASSWORD", raising=False)
    for name, value in given.items():
        if place == "config":
            settings[f"snowflake:{name}"] = value
        else:
            monkeypatch.setenv(names[name], value)
    provider = world.provider(**settings)
    created = provider.create(dict(PROPS))
    assert world.is_closed
    assert not any(secret in str(created.outs) for secret in ("hunter2", *given["privateKey"].splitlines()[1:-1]))


def test_a_key_that_opens_nothing_is_told_without_itself(world: World) -> None:
    wrong = world.provider(**{"snowflake:privateKey": new_private_key()})
    with pytest.raises(ProviderError, match=r"refused the user LANDING .*check snowflake:user and its key"):
        wrong.create(dict(PROPS))
    locked = world.provider(**{"snowflake:privateKey": world.key("hunter2")})
    with pytest.raises(ProviderError, match="the private key for Snowflake cannot be read") as caught:
        locked.create(dict(PROPS))
    assert "PRIVATE KEY-" not in str(caught.value)


@pytest.mark.parametrize(
    ("lacking", "wanted"),
    [
        ("s3:ListBucket", r"was refused LIST on s3://landing-trusted/partners/ for 1 s \(.*Access Denied.*policy"),
        ("location", r"it does not allow s3://landing-trusted/elsewhere/; run `pulumi up --refresh`"),
    ],
)
def test_what_snowflake_refuses_is_told_with_its_likely_cause(world: World, lacking: str, wanted: str) -> None:
    props, client = {**PROPS, "timeout_seconds": 1}, world.account.aws("iam")
    if lacking == "location":
        props["locations"] = [*LOCATIONS, f"s3://{BUCKET}/elsewhere/"]
    else:
        client.delete_role_policy(RoleName=ROLE, PolicyName="read")
    with pytest.raises(ProviderError, match=wanted):
        world.provider().create(props)
    world.allow()
