"""Who is told when a partner cannot get in, or cannot get a file through."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, ResourceOptions

from components.sftp_door import SftpDoor
from components.sftp_log import FAILED_LOGINS
from domain import monitoring
from domain.partners import Partner
from domain.sftp_settings import SftpSettings

_PERIOD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class PartnerAlarmsArgs:
    """One partner, and what it is watched by."""

    partner: Partner
    door: SftpDoor
    settings: SftpSettings


class PartnerAlarms(ComponentResource):
    """A partner's CloudWatch alarms: refused logins by user, and failed transfers."""

    def __init__(self, name: str, args: PartnerAlarmsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:PartnerAlarms", name, {}, opts)
        self._args = args
        self._child = ResourceOptions(parent=self)
        if args.settings.failed_logins_alarm:
            for user in args.partner.logins:
                self._alarm(
                    f"{user.name}-failed-logins",
                    f"Logins of the SFTP user {user.name} of {args.partner.name} are refused: a wrong or old key, or "
                    "somebody who guesses. The door's log says from where and with which key.",
                    args.settings.failed_logins_alarm,
                    FAILED_LOGINS,
                    {"User": user.name},
                )
        if args.settings.failed_uploads_alarm:
            self._watch_uploads(name)
        self.register_outputs({})

    def _watch_uploads(self, name: str) -> None:
        args = self._args
        metric = f"FailedTransfers-{args.partner.name}"
        aws.cloudwatch.LogMetricFilter(
            f"{name}-failed-uploads",
            name=f"failed-uploads-{args.partner.name}",
            log_group_name=args.door.log_group_name,
            pattern=monitoring.failed_uploads(args.door.bucket_name, args.partner),
            metric_transformation={"name": metric, "namespace": args.door.metric_namespace, "value": "1"},
            opts=self._child,
        )
        self._alarm(
            f"{name}-failed-uploads",
            f"Files of {args.partner.name} failed or broke off on their way. The door's log names each path and why.",
            args.settings.failed_uploads_alarm,
            metric,
            {},
        )

    def _alarm(self, name: str, description: str, threshold: int, metric: str, dimensions: dict[str, str]) -> None:
        topic = self._args.settings.alarm_topic_arn
        actions = [topic] if topic else []
        aws.cloudwatch.MetricAlarm(
            f"{name}-alarm",
            name=f"{self._args.door.prefix}-{name}",
            alarm_description=description,
            namespace=self._args.door.metric_namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic="Sum",
            period=_PERIOD_SECONDS,
            evaluation_periods=1,
            threshold=threshold,
            comparison_operator="GreaterThanOrEqualToThreshold",
            # No event is the usual case, and a good one.
            treat_missing_data="notBreaching",
            alarm_actions=actions,
            ok_actions=actions,
            opts=self._child,
        )
