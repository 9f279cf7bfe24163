"""Where moto's EC2 differs from EC2 in what the program and its providers see."""

from __future__ import annotations

import re

from moto.ec2 import utils
from moto.ec2.models import vpcs
from moto.moto_api._internal import mock_random

from sandbox.aws.replacing import replace

_HOSTED_ZONE = "Z7HUB22UULQXV"
"""AWS's own DNS zone for interface endpoints in us-east-1."""
_OF_AWS = re.compile(r"com\.amazonaws\.(?P<region>[a-z]+-[a-z]+-\d)\.(?P<service>.+)")
_MOTOS_DNS_ENTRIES = utils.create_dns_entries


def install() -> None:
    """Close the gaps in this process's moto."""
    replace(vpcs, "create_dns_entries", _dns_entries)


def _dns_entries(service_name: str, vpc_endpoint_id: str) -> dict[str, str]:
    """Give the name of an interface endpoint: its service's, backwards, under AWS's own domain.

    `com.amazonaws.us-east-1.transfer.server` is at `vpce-<id>.server.transfer.us-east-1.vpce.amazonaws.com`.
    """
    found = _OF_AWS.fullmatch(service_name)
    if found is None:
        return _MOTOS_DNS_ENTRIES(service_name, vpc_endpoint_id)
    name = ".".join([*reversed(found["service"].split(".")), found["region"], "vpce.amazonaws.com"])
    return {"dns_name": f"{vpc_endpoint_id}-{mock_random.get_random_hex(8)}.{name}", "hosted_zone_id": _HOSTED_ZONE}
