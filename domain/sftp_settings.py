"""The section `landing:sftp`: the door, its name, where it is open, and what it reports."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, ValidationInfo

from domain.entry import AT_LEAST_ONE, Entry, matching
from domain.sections import HostName

_SECURITY_POLICIES = (
    "TransferSecurityPolicy-2024-01",
    "TransferSecurityPolicy-2025-03",
    "TransferSecurityPolicy-FIPS-2024-01",
    "TransferSecurityPolicy-FIPS-2024-05",
    "TransferSecurityPolicy-FIPS-2025-03",
    "TransferSecurityPolicy-Restricted-2024-06",
    "TransferSecurityPolicy-SshAuditCompliant-2025-02",
)
"""AWS Transfer's policies from 2024 on: without SHA-1, CBC ciphers and keys that were weak then
(AWS Transfer Family user guide, "Security policies for AWS Transfer Family servers")."""

_RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
"""What CloudWatch Logs takes (API, PutRetentionPolicy)."""

_LONGEST_BANNER = 4096
"""AWS Transfer's limit for a banner, in characters (API, CreateServer)."""


def _strong(name: str) -> str:
    if name not in _SECURITY_POLICIES:
        raise ValueError(
            f"{name!r} is not allowed: it is older than 2024-01, or not a policy for SFTP; "
            f"one of {', '.join(_SECURITY_POLICIES)}"
        )
    return name


def _retention(days: int) -> int:
    if days not in _RETENTION_DAYS:
        raise ValueError(
            f"{days} is not allowed: CloudWatch Logs keeps for {', '.join(map(str, _RETENTION_DAYS))} days"
        )
    return days


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a CIDR block, such as '203.0.113.0/24'") from None
    if str(network) != text:
        raise ValueError(f"{text!r} is not a CIDR block as AWS writes it; write {str(network)!r}")
    return text


def _plain(text: str) -> str:
    # What AWS takes in a banner (API, CreateServer).
    if strange := sorted({character for character in text if not re.fullmatch(r"[\t-\r -~]", character)}):
        raise ValueError(
            f"{', '.join(map(repr, strange))} not allowed: AWS Transfer takes only ASCII letters, digits, signs and "
            "line ends in a banner; write it without"
        )
    return text


def _public(value: object) -> object:
    if value != "public":
        raise ValueError(
            f"{value!r} is not allowed: 'public', or a mapping with vpcId, subnetIds, allowedCidrs and elasticIps"
        )
    return value


def _each_once(items: tuple[str, ...]) -> tuple[str, ...]:
    if twins := sorted({item for item in items if items.count(item) > 1}):
        raise ValueError(f"each entry stands here once, got twice: {', '.join(twins)}; remove one")
    return items


def _around_hostname(zone: str, info: ValidationInfo) -> str:
    hostname = info.data.get("hostname")
    if hostname and not str(hostname).endswith(f".{zone}"):
        raise ValueError(
            f"the zone {zone!r} cannot hold a CNAME for {hostname!r}; name a zone that the host name is below"
        )
    return zone


Banner = Annotated[str, Field(min_length=1, max_length=_LONGEST_BANNER), AfterValidator(_plain)]
Public = Annotated[str, BeforeValidator(_public)]
Cidr = Annotated[str, AfterValidator(_network)]


class VpcEndpoint(Entry):
    """A door inside a VPC, open to named networks."""

    vpc_id: Annotated[str, matching(r"vpc-[0-9a-f]{8,17}", "a VPC's id, such as 'vpc-0a1b2c3d4e5f60718'")]
    subnet_ids: Annotated[
        tuple[
            Annotated[str, matching(r"subnet-[0-9a-f]{8,17}", "a subnet's id, such as 'subnet-0a1b2c3d4e5f60718'")], ...
        ],
        AT_LEAST_ONE,
        AfterValidator(_each_once),
    ]
    """One a zone."""
    allowed_cidrs: Annotated[tuple[Cidr, ...], AT_LEAST_ONE, AfterValidator(_each_once)]
    """Who may connect; everybody else finds no door."""
    elastic_ips: bool = False
    """Whether the door is on the internet, with an address a subnet that never changes: partners can allow it."""


class SftpSettings(Entry):
    """`landing:sftp`: the door."""

    hostname: HostName
    """The name that partners connect to."""
    zone: Annotated[HostName, AfterValidator(_around_hostname)]
    """The Route 53 zone that holds the name."""
    zone_exists: bool = True
    """Whether the zone is there already, or is made and removed with the stack."""
    security_policy: Annotated[str, AfterValidator(_strong)] = "TransferSecurityPolicy-2025-03"
    """Which algorithms the door speaks; without one, AWS's API takes the set of 2018."""
    endpoint: Annotated[
        Annotated[Public, Tag("<public>")] | Annotated[VpcEndpoint, Tag("<vpc>")],
        Discriminator(lambda value: "<vpc>" if isinstance(value, dict | VpcEndpoint) else "<public>"),
    ] = "public"
    """Where the door is open."""
    banner: Banner | None = None
    """What is shown before anybody says who it is; SFTP shows nothing after that."""
    log_retention_days: Annotated[int, AfterValidator(_retention)] = 365
    """How long, in days, the log of every session is kept."""
    failed_logins_alarm: Annotated[int, Field(ge=0)] = 5
    """How many refused logins of a user within five minutes raise an alarm; 0 for no such alarms."""
    failed_uploads_alarm: Annotated[int, Field(ge=0)] = 1
    """How many failed or broken transfers of a partner within five minutes raise an alarm; 0 for no such alarms."""
    alarm_topic_arn: (
        Annotated[str, matching(r"arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]+", "the ARN of an SNS topic")] | None
    ) = None
    """Who hears of alarms and of their end; without it they only show in CloudWatch."""
    users_role: Annotated[str, matching(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of an IAM role")] | None = (
        None
    )
    """A role that is there already and that Transfer acts through for all users; without it one is made.

    Its trust must name Transfer, and its policies must allow what users do; what IAM says they lack is warned of.
    """
    expired_keys: Literal["refuse", "leaveOut"] = "refuse"
    """Whether a key whose last day is over ends a preview with an error, or loses its access quietly."""
