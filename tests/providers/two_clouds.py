"""Stand-ins for IAM and Snowflake that hold what they were told; any call may fail, before or after its effect."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult

from clients import patience
from clients.errors import NotFoundError, ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from domain import iam
from domain.iam import Policy
from providers import storage_trust
from providers.storage_trust import StorageTrustProvider

USER = "arn:aws:iam::999999999999:user/snowflake"
ROLE_ARN = "arn:aws:iam::123456789012:role/stage"
ID = "LANDING_S3/stage"
PROPS: dict[str, Any] = {
    "integration_name": "LANDING_S3",
    "integration_external_id": "id-1",
    "role_name": "stage",
    "role_arn": ROLE_ARN,
    "locations": ["s3://b/partners/", "s3://b/canary/"],
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
    """None: there is no such role."""
    external_id: str = "id-1"
    integration: bool = True
    enabled: bool = True
    allowed: str = "s3://b/partners/,s3://b/canary/"
    role_arn: str = ROLE_ARN
    refusals: int = 0
    """How often Snowflake cannot list yet after the trust is right: IAM takes a while."""
    words: str = "Error assuming AWS_ROLE"
    """What Snowflake says then."""
    calls: list[str] = field(default_factory=list[str])
    faults: dict[int, Callable[[], None]] = field(default_factory=dict[int, Callable[[], None]])
    """What the n-th call raises."""
    after_effect: bool = False

    @contextmanager
    def called(self, call: str) -> Generator[None]:
        self.calls.append(call)
        fault = self.faults.pop(len(self.calls), None)
        if fault and not self.after_effect:
            fault()
        yield
        if fault:
            fault()

    @property
    def writes(self) -> int:
        return self.calls.count("write trust")

    @property
    def is_closed(self) -> bool:
        return self.trust == iam.storage_trust(USER, self.external_id)

    def lists(self) -> bool:
        if not self.is_closed:
            return False
        self.refusals -= 1
        return self.refusals < 0


class Roles:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def read(self, role_name: str) -> Policy:
        with self.clouds.called("read trust"):
            return self._held(role_name)

    def write(self, role_name: str, policy: Policy) -> None:
        with self.clouds.called("write trust"):
            self._held(role_name)
            self.clouds.trust = policy

    def _held(self, role_name: str) -> Policy:
        if self.clouds.trust is None:
            raise NotFoundError(f"no role {role_name}")
        return self.clouds.trust


class Snowflake:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def query(self, statement: str, _parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        assert statement == 'DESCRIBE STORAGE INTEGRATION "LANDING_S3"'
        with self.clouds.called("describe"):
            if not self.clouds.integration:
                raise ServiceError("Snowflake refused DESCRIBE (does not exist)", status=2003)
            properties = {
                "ENABLED": str(self.clouds.enabled).lower(),
                "STORAGE_ALLOWED_LOCATIONS": self.clouds.allowed,
                "STORAGE_AWS_IAM_USER_ARN": USER,
                "STORAGE_AWS_EXTERNAL_ID": self.clouds.external_id,
                "STORAGE_AWS_ROLE_ARN": self.clouds.role_arn,
            }
            return [{"property": name, "property_value": value} for name, value in properties.items()]

    def value(self, statement: str, _parameters: Sequence[object] = ()) -> object:
        start = "SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('LANDING_S3', 's3://b/"
        assert statement.startswith(start)
        with self.clouds.called(f"list {statement.removeprefix(start).partition('/')[0]}"):
            if self.clouds.lists():
                return '{"status": "success"}'
            return f'{{"status": "failure", "actions": {{"LIST": {{"message": "{self.clouds.words}"}}}}}}'


def stand_in(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the provider meet these clouds, and wait for them only shortly."""

    @contextmanager
    def connected(_account: SnowflakeAccount) -> Generator[Snowflake]:
        with clouds.called("connect"):
            pass
        yield Snowflake(clouds)

    def roles(**_: object) -> Roles:
        return Roles(clouds)

    monkeypatch.setattr(SnowflakeClient, "connected", connected)
    monkeypatch.setattr(storage_trust, "RoleTrust", roles)
    monkeypatch.setattr(patience, "FIRST_WAIT_SECONDS", 0.001)


def configured(**settings: object) -> StorageTrustProvider:
    made = StorageTrustProvider()
    made.configured({"aws:region": "us-east-1"} | SNOWFLAKE | settings)
    return made


def outs_of(result: CreateResult | ReadResult | UpdateResult) -> dict[str, Any]:
    """Give the outputs of a verb that has to have some."""
    outs = result.outs
    assert outs is not None
    return outs
