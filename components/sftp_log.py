"""The door's log: who came, who was refused, what was sent; encrypted, kept, and watched for refused logins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components.aws_account import AwsAccount
from domain import monitoring


@dataclass(frozen=True, kw_only=True)
class SftpLogArgs:
    """What the log needs to know."""

    account: AwsAccount
    key_arn: pulumi.Input[str]
    """The KMS key that events are encrypted with; its policy names the log group."""
    retention_days: int
    protected: bool
    """Whether the log stays when the rest of the stack goes."""
    users: Sequence[str]
    """The users whose refused logins are counted."""


class SftpLog(ComponentResource):
    """A log group for AWS Transfer's structured events."""

    group_name: Output[str]
    destination: Output[str]
    """What a Transfer server names as the destination of its events."""
    namespace: str
    """The CloudWatch namespace of the metrics that are taken from the log."""

    def __init__(self, name: str, args: SftpLogArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:SftpLog", name, {}, opts)
        child = ResourceOptions(parent=self)
        self.namespace = f"Landing/{args.account.prefix}"
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=args.account.transfer_log_group,
            kms_key_id=args.key_arn,
            retention_in_days=args.retention_days,
            opts=ResourceOptions(parent=self, protect=args.protected),
        )
        self.group_name = group.name
        self.destination = Output.concat(group.arn, ":*")
        for index, pattern in enumerate(monitoring.failed_logins(args.users)):
            aws.cloudwatch.LogMetricFilter(
                f"{name}-failed-logins-{index}",
                name=f"failed-logins-{index}",
                log_group_name=group.name,
                pattern=pattern,
                metric_transformation={
                    "name": FAILED_LOGINS,
                    "namespace": self.namespace,
                    "value": "1",
                    "dimensions": {"User": "$.user"},
                },
                opts=child,
            )
        self.register_outputs({"groupName": self.group_name, "destination": self.destination})


FAILED_LOGINS = "FailedLogins"
"""The metric of refused logins, one series a user."""
