"""The `aws` table, and how the provider's config leads to AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sandbox.home import REGION, KeyPair, SandboxHome
from sandbox.plugins.aws import (
    cloudwatch,
    ec2,
    iam,
    kms,
    metrics,
    route53,
    s3,
    s3_events,
    s3_objects,
    s3_settings,
    transfer,
    transfer_host_keys,
    transfer_users,
)
from sandbox.plugins.aws.cloud import Aws, explain, is_gone
from sandbox.plugins.aws.functions import FUNCTIONS
from sandbox.plugins.table import Row
from sandbox.plugins.wire import Properties

_MODULES = (
    kms,
    s3,
    s3_settings,
    s3_events,
    s3_objects,
    iam,
    transfer,
    transfer_host_keys,
    transfer_users,
    route53,
    cloudwatch,
    metrics,
    ec2,
)


class AwsPackage:
    """Stands in for `aws`."""

    name = "aws"
    distribution = "pulumi_aws"
    rows: Mapping[str, Row[Aws]] = {row.type: row for module in _MODULES for row in module.ROWS}
    functions: Mapping[str, Callable[[Aws, Properties], Properties]] = FUNCTIONS

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._known: dict[str, Aws] = {}

    def connect(self, config: Properties) -> Aws:
        """Read the provider's config; without keys in it, the sandbox's deployer is the caller.

        Runs with one config share one set of clients: each set costs 20 MB and half a second.
        """
        return self._known.setdefault(json.dumps(config, sort_keys=True), self._made(config))

    def _made(self, config: Properties) -> Aws:
        own = self._home.credentials.deployer
        key = KeyPair(
            access_key_id=config.get("accessKey", own.access_key_id),
            secret_access_key=config.get("secretKey", own.secret_access_key),
        )
        endpoints = {service: url for entry in config.get("endpoints", []) for service, url in entry.items()}
        return Aws(
            endpoint=self._home.url("aws"),
            region=config.get("region", REGION),
            key=key,
            endpoints=endpoints,
            default_tags=config.get("defaultTags", {}).get("tags", {}),
        )

    def close(self, cloud: Aws) -> None:
        """Nothing stays open: each client's connections go with it."""
        del cloud

    def refuse(self, row: Row[Aws], cloud: Aws) -> str | None:
        """AWS has no preview resources."""
        del row, cloud
        return None

    def expand(self, cloud: Aws, row: Row[Aws], inputs: Properties) -> Properties:
        """Add the provider's default tags."""
        if "tags" not in row.properties:
            return inputs
        return {**inputs, "tagsAll": {**cloud.default_tags, **inputs.get("tags", {})}}

    def gone(self, error: Exception) -> bool:
        """Say whether AWS means that the object is not there."""
        return is_gone(error)

    def explain(self, cloud: Aws, error: Exception) -> str | None:
        """Give AWS's own error whole."""
        return explain(cloud, error)
