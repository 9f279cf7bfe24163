"""What Check refuses, and what the SDK's source says that a type takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.home import SandboxHome
from sandbox.plugins.aws.package import AwsPackage
from sandbox.plugins.check import Checker, provider_faults
from sandbox.plugins.ledger import Ledger
from sandbox.plugins.sdk import Sdk
from sandbox.plugins.snowflake.package import SnowflakePackage
from sandbox.plugins.table import Row
from sandbox.plugins.wire import UNKNOWN, Properties

AWS = Sdk("pulumi_aws")
SNOWFLAKE = Sdk("pulumi_snowflake")
PACKAGES: dict[str, tuple[Sdk, Row[Any]]] = {
    **{token: (AWS, row) for token, row in AwsPackage.rows.items()},
    **{token: (SNOWFLAKE, row) for token, row in SnowflakePackage.rows.items()},
}


def faults(token: str, inputs: Properties) -> dict[str, str]:
    sdk, row = PACKAGES[token]
    shape = sdk.resource(token)
    assert shape is not None
    return {fault.property: fault.reason for fault in Checker(sdk).check(token, shape, inputs, row.properties)[1]}


def checked(token: str, inputs: Properties) -> Properties:
    sdk, row = PACKAGES[token]
    shape = sdk.resource(token)
    assert shape is not None
    kept, found = Checker(sdk).check(token, shape, inputs, row.properties)
    assert not found
    return kept


@pytest.mark.parametrize("token", sorted(PACKAGES))
def test_every_served_property_is_one_that_the_sdk_knows(token: str) -> None:
    sdk, row = PACKAGES[token]
    shape, outputs = sdk.resource(token), sdk.outputs(token)
    assert shape is not None
    assert outputs is not None
    assert {name for name, prop in row.properties.items() if not prop.derived} <= set(shape)
    assert set(row.properties) <= set(outputs)
    required = {name for name, known in shape.items() if known.required}
    assert required <= set(row.properties), "what is required must be served"


def test_reading_the_sdk_does_not_import_it() -> None:
    # In a process of its own: other tests of this one import the SDK for themselves.
    program = """
import sys
from sandbox.plugins.sdk import Sdk
assert Sdk("pulumi_aws").resource("aws:kms/key:Key")
assert "pulumi_aws.kms" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603  # the text above


def test_a_misspelled_property_is_refused_with_the_near_one() -> None:
    assert faults("aws:kms/key:Key", {"enableKeyRotaton": True}) == {
        "enableKeyRotaton": ("aws:kms/key:Key knows no property 'enableKeyRotaton'; did you mean 'enableKeyRotation'?")
    }


def test_all_faults_come_at_once() -> None:
    found = faults(
        "aws:transfer/user:User",
        {
            "userName": ["a"],
            "homeDirectoryMappings": [{"entry": "/", "tagret": "/b"}],
            "tags": {"a": {"b": "c"}},
        },
    )
    assert set(found) == {
        "userName",
        "homeDirectoryMappings[0].tagret",
        "homeDirectoryMappings[0].target",
        "tags.a",
        "role",
        "serverId",
    }
    assert found["userName"] == "'userName' takes a string, not [\"a\"]"
    assert found["role"] == "aws:transfer/user:User needs the property 'role', which is not given"


def test_what_the_sandbox_does_not_do_is_refused_in_words() -> None:
    reason = faults("aws:kms/key:Key", {"multiRegion": True})["multiRegion"]
    assert reason.startswith("the sandbox does not serve 'multiRegion' of aws:kms/key:Key, only ")
    assert "docs/deviations.md" in reason
    table = {
        "database": "D",
        "schema": "S",
        "columns": [{"name": "A", "type": "INT", "collate": "utf8"}],
    }
    assert set(faults("snowflake:index/table:Table", table)) == {"columns[0].collate"}


def test_values_come_in_their_own_kind() -> None:
    assert checked("aws:kms/key:Key", {"enableKeyRotation": "true", "deletionWindowInDays": "7", "description": 3}) == {
        "enableKeyRotation": True,
        "deletionWindowInDays": 7,
        "description": "3",
    }
    assert checked("aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": {"Version": "2012-10-17"}}) == {
        "bucket": "b",
        "policy": '{"Version": "2012-10-17"}',
    }


def test_unknown_values_pass_for_any_kind() -> None:
    mapping = {"entry": "/", "target": UNKNOWN}
    inputs = {"role": UNKNOWN, "serverId": UNKNOWN, "userName": "a", "homeDirectoryMappings": [mapping]}
    assert checked("aws:transfer/user:User", inputs) == inputs


def test_keys_of_the_provider_s_config() -> None:
    known: Properties = {"region": "r", "endpoints": "[]", "version": "7.51.1", "__internal": {}}
    assert not list(provider_faults(AWS, known))
    (fault,) = provider_faults(AWS, {**known, "regoin": "r"})
    assert fault.reason == "aws has no config key 'aws:regoin'; did you mean 'region'?"


def test_a_type_or_an_argument_that_the_sdk_lacks() -> None:
    assert AWS.resource("aws:kms/kee:Kee") is None
    assert AWS.resource("aws:kms/key:Kee") is None
    assert AWS.arguments("aws:route53/getZone:getZone") >= {"name", "zoneId", "privateZone"}
    assert AWS.arguments("aws:route53/getNothing:getNothing") == frozenset()


def test_provider_config_leads_to_the_services(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path)
    aws = AwsPackage(home).connect({"endpoints": [{"kms": "http://127.0.0.1:1"}], "region": "us-east-1"})
    assert aws.endpoints == {"kms": "http://127.0.0.1:1"}
    assert aws.endpoint == home.url("aws")
    assert aws.key == home.credentials.deployer
    assert AwsPackage(home).connect({"accessKey": "AKIA", "secretKey": "s"}).key.access_key_id == "AKIA"
    snowflake = SnowflakePackage(home).connect({"user": "ME", "port": "1"})
    assert snowflake.address == "http://127.0.0.1:1"
    assert snowflake.login["password"] == home.credentials.snowflake_password
    assert home.credentials.snowflake_password not in repr(snowflake.address)


def test_the_ledger_forgets_only_what_the_engine_knows(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "aws.json")
    ledger.record("urn", "key-1")
    assert Ledger(tmp_path / "aws.json").find("urn") == "key-1"
    ledger.confirm("urn", "another")
    assert ledger.find("urn") == "key-1"
    ledger.confirm("urn", "key-1")
    assert Ledger(tmp_path / "aws.json").find("urn") is None
