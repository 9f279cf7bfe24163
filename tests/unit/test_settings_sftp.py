"""The door and the bucket in the settings: what AWS would only refuse halfway through an `up`."""

from __future__ import annotations

from typing import Any

import pytest

from domain.sections import ExistingAccessLogs, OwnAccessLogs
from domain.sftp_settings import VpcEndpoint
from tests.stack_values import check, faults, sftp, values

VPC = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"], "allowedCidrs": ["203.0.113.0/24"]}


def told_of(**changes: object) -> list[str]:
    told = faults(values(sftp=sftp(**changes)))
    assert not any("<" in line.split(": ")[0] for line in told), "a name of the union's own stands in a key"
    return [line.removeprefix("landing:sftp.") for line in told]


def told_of_vpc(**changes: object) -> list[str]:
    return [line.removeprefix("endpoint.") for line in told_of(endpoint=VPC | changes)]


def told_of_bucket(**changes: object) -> list[str]:
    told = faults(values(bucket={"name": "landing-test-partners", **changes}))
    assert not any("<" in line.split(": ")[0] for line in told), "a name of the union's own stands in a key"
    return [line.removeprefix("landing:bucket") for line in told]


@pytest.mark.parametrize(("hostname", "zone"), [("sftp.example.com", "example.org"), ("example.com", "example.com")])
def test_a_host_name_that_its_zone_cannot_hold(hostname: str, zone: str) -> None:
    (told,) = told_of(hostname=hostname, zone=zone)
    assert told.startswith(f"zone: the zone {zone!r} cannot hold a CNAME for {hostname!r}")


@pytest.mark.parametrize(
    "name",
    [
        "TransferSecurityPolicy-2018-11",
        "TransferSecurityPolicy-2020-06",
        "TransferSecurityPolicy-2023-05",
        "TransferSecurityPolicy-FIPS-2023-05",
        "TransferSecurityPolicy-PQ-SSH-Experimental-2023-04",
        "TransferSFTPConnectorSecurityPolicy-2024-03",
        "newest",
        "",
    ],
)
def test_a_security_policy_below_the_floor(name: str) -> None:
    (told,) = told_of(securityPolicy=name)
    assert told.startswith(
        f"securityPolicy: {name!r} is not allowed: it is older than 2024-01, or not a policy for SFT"
    )
    assert "TransferSecurityPolicy-2024-01, TransferSecurityPolicy-2025-03" in told


@pytest.mark.parametrize("days", [0, 2, 364, 3654, -1])
def test_a_retention_that_cloudwatch_does_not_have(days: int) -> None:
    (told,) = told_of(logRetentionDays=days)
    assert told.startswith(f"logRetentionDays: {days} is not allowed: CloudWatch Logs keeps for 1, 3, 5, 7, 14, 30,")


def test_a_door_in_a_vpc_is_read() -> None:
    cidrs = ["203.0.113.0/24", "198.51.100.7/32", "2001:db8::/32", "0.0.0.0/0"]
    read = check(values(sftp=sftp(endpoint=VPC | {"allowedCidrs": cidrs, "elasticIps": True}))).sftp.endpoint
    assert isinstance(read, VpcEndpoint)
    assert read.allowed_cidrs == tuple(cidrs)
    assert read.elastic_ips
    assert check(values()).sftp.endpoint == "public"


@pytest.mark.parametrize("cidr", ["everywhere", "", "203.0.113.0/33", "203.0.113/24", "203.0.113.0-9", "vpc-1"])
def test_a_cidr_that_is_none(cidr: str) -> None:
    assert told_of_vpc(allowedCidrs=["0.0.0.0/0", cidr]) == [
        f"allowedCidrs[1]: {cidr!r} is not a CIDR block, such as '203.0.113.0/24'"
    ]


@pytest.mark.parametrize(
    ("cidr", "better"),
    [
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8:0::1/32", "2001:db8::/32"),
    ],
)
def test_a_cidr_that_aws_writes_in_another_way(cidr: str, better: str) -> None:
    assert told_of_vpc(allowedCidrs=[cidr]) == [
        f"allowedCidrs[0]: {cidr!r} is not a CIDR block as AWS writes it; write {better!r}"
    ]


@pytest.mark.parametrize(("key", "item"), [("allowedCidrs", "203.0.113.0/24"), ("subnetIds", "subnet-0a1b2c3d")])
def test_what_stands_twice_or_not_at_all(key: str, item: str) -> None:
    assert told_of_vpc(**{key: [item, item]}) == [f"{key}: each entry stands here once, got twice: {item}; remove one"]
    none: list[str] = []
    assert told_of_vpc(**{key: none}) == [f"{key}: needs at least one entry"]


def test_all_of_a_vpcs_faults_at_their_keys() -> None:
    assert told_of(endpoint={"vpc": {}, "vpcId": "vpc-1", "subnetIds": ["subnet-x"]}) == [
        "endpoint.vpcId: 'vpc-1' is not allowed: a VPC's id, such as 'vpc-0a1b2c3d4e5f60718'",
        "endpoint.subnetIds[0]: 'subnet-x' is not allowed: a subnet's id, such as 'subnet-0a1b2c3d4e5f60718'",
        "endpoint.allowedCidrs: is missing; add it",
        "endpoint.vpc: is not a key that is known here; remove it or correct its spelling",
    ]


@pytest.mark.parametrize("given", ["vpc", "", None, 7, ["public"], True])
def test_an_endpoint_that_is_none(given: object) -> None:
    assert told_of(endpoint=given) == [
        f"endpoint: {given!r} is not allowed: 'public', or a mapping with vpcId, subnetIds, allowedCidrs and elasticIps"
    ]


def test_a_key_under_a_name_of_its_branch_is_told_where_it_stands() -> None:
    told = told_of(endpoint={"vpc": VPC})
    assert "endpoint.vpc: is not a key that is known here; remove it or correct its spelling" in told
    assert "endpoint.vpcId: is missing; add it" in told


def test_a_banner_as_aws_takes_it() -> None:
    text = "Authorized use only.\r\n\tGo away.\n" + "x" * 4000
    assert check(values(sftp=sftp(banner=text)))
    assert told_of(banner="x" * 4097) == ["banner: has 4097 characters, and at most 4096 are allowed; leave some out"]
    (told,) = told_of(banner="Zutritt für Befugte\x1b[0m")
    assert told.startswith("banner: '\\x1b', 'ü' not allowed: AWS Transfer takes only ASCII")
    assert len(told_of(banner="")) == 1


@pytest.mark.parametrize("topic", ["ops", "arn:aws:sns:us-east-1:12:ops", "arn:aws:sqs:us-east-1:123456789012:ops"])
def test_a_topic_that_is_none(topic: str) -> None:
    assert told_of(alarmTopicArn=topic) == [f"alarmTopicArn: {topic!r} is not allowed: the ARN of an SNS topic"]


@pytest.mark.parametrize("key", ["failedLoginsAlarm", "failedUploadsAlarm"])
def test_a_threshold_below_nothing(key: str) -> None:
    assert told_of(**{key: -1}) == [f"{key}: -1 is not allowed: input should be greater than or equal to 0"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, OwnAccessLogs(retention_days=365)),
        ({"accessLogs": {}}, OwnAccessLogs(retention_days=365)),
        ({"accessLogs": {"retentionDays": 7}}, OwnAccessLogs(retention_days=7)),
        ({"accessLogs": {"bucket": "company-access-logs"}}, ExistingAccessLogs(bucket="company-access-logs")),
    ],
)
def test_access_logs_of_our_own_or_in_a_bucket_that_is_there(given: dict[str, Any], wanted: object) -> None:
    read = check(values(bucket={"name": "landing-test-partners", **given}))
    assert read.bucket.access_logs == wanted


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"retentionDays": 0}, ".accessLogs.retentionDays: 0 is not allowed"),
        ({"bucket": "Bad_Name"}, ".accessLogs.bucket: 'Bad_Name' is not a bucket name"),
        ({"bucket": "logs", "retentionDays": 7}, ".accessLogs.retentionDays: is not a key that is known here"),
        ({"own": {"retentionDays": 7}}, ".accessLogs.own: is not a key that is known here"),
        (None, ".accessLogs: what stands here (nothing) is not a mapping"),
        ("logs", ".accessLogs: 'logs' is not a mapping"),
        ({"bucket": "landing-test-partners"}, ": accessLogs: 'landing-test-partners' would log the writing of its own"),
    ],
)
def test_access_logs_that_are_none_are_told_at_the_key_that_was_typed(given: object, told: str) -> None:
    (line,) = told_of_bucket(accessLogs=given)
    assert line.startswith(told)


def test_a_name_that_leaves_no_room_for_the_name_of_its_log_bucket() -> None:
    name = "a" * 52
    assert told_of_bucket(name=name) == [
        (
            f": the bucket for access logs would be named '{name}-access-logs', over 63 characters long; shorten name, "
            "or give accessLogs a bucket that is there"
        )
    ]
    assert check(values(bucket={"name": name, "accessLogs": {"bucket": "company-access-logs"}}))
    assert check(values(bucket={"name": name[1:]}))


def test_all_that_is_wrong_with_a_door_is_told_at_once() -> None:
    told = told_of(
        endpoint=VPC | {"allowedCidrs": ["x"]}, securityPolicy="old", logRetentionDays=2, banner="é", expiredKeys="no"
    )
    assert [line.split(": ")[0] for line in told] == [
        "securityPolicy",
        "endpoint.allowedCidrs[0]",
        "banner",
        "logRetentionDays",
        "expiredKeys",
    ]
