"""CloudWatch's alarms on one metric: moto keeps them, and here their state follows the metric.

An alarm is looked at whenever data of its metric arrives and whenever somebody asks for alarms, not by a clock: a
quiet alarm goes back to OK when it is next asked for. Composite alarms, metric math and percentiles stay moto's.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import json
import logging
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from moto.cloudwatch.models import Alarm, CloudWatchBackend, Dimension, MetricDatumBase, Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.sns.models import sns_backends

from sandbox.aws.replacing import replace

_LOG = logging.getLogger(__name__)
_MINUTE = 60
_SUBJECT = 100
"""SNS takes no longer subject."""
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_MOTOS_PUT_ALARM = CloudWatchBackend.put_metric_alarm
_MOTOS_PUT_DATA = CloudWatchBackend.put_metric_data
_MOTOS_DELETE = CloudWatchBackend.delete_alarms
_MOTOS_DESCRIBE = CloudWatchResponse.describe_alarms
_MOTOS_DESCRIBE_FOR_METRIC = CloudWatchResponse.describe_alarms_for_metric

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


def install() -> None:
    """Let the states of moto's alarms follow their metrics."""
    replace(CloudWatchBackend, "put_metric_alarm", _put_alarm)
    replace(CloudWatchBackend, "put_metric_data", _put_data)
    replace(CloudWatchBackend, "delete_alarms", _delete_alarms)
    replace(CloudWatchResponse, "describe_alarms", _describe)
    replace(CloudWatchResponse, "describe_alarms_for_metric", _describe_for_metric)


def state_of(
    values: Sequence[float | None], *, is_breaching: Callable[[float], bool], needed: int, missing: str, now: State
) -> State:
    """Give the state that an alarm's periods make: `values`, None for a period without data; `now` is the state so far.

    `needed` periods must breach for an alarm; `missing` is TreatMissingData.
    """
    known = [is_breaching(value) for value in values if value is not None]
    absent = len(values) - len(known)
    if absent == len(values) and missing in {"missing", "ignore"}:
        return "INSUFFICIENT_DATA" if missing == "missing" else now
    breaching = sum(known) + (absent if missing == "breaching" else 0)
    return "ALARM" if breaching >= needed else "OK"


def _put_alarm(backend: CloudWatchBackend, **arguments: Any) -> Alarm:  # noqa: ANN401  # whatever moto's own takes
    """Make an alarm, or change one and leave its state; a new one starts without data."""
    before = backend.alarms.get(arguments["name"])
    alarm = _MOTOS_PUT_ALARM(backend, **arguments)
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        alarm.history = before.history
        alarm.state_value, alarm.state_updated_timestamp = before.state_value, before.state_updated_timestamp
        alarm.state_reason, alarm.state_reason_data = before.state_reason, before.state_reason_data
    return alarm


def _put_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
    _MOTOS_PUT_DATA(backend, namespace, metric_data)
    names = {datum["MetricName"] for datum in metric_data}
    _look(backend, (a for a in backend.alarms.values() if a.namespace == namespace and a.metric_name in names))


def _delete_alarms(backend: CloudWatchBackend, alarm_names: list[str]) -> None:
    """Delete alarms with their tags, which moto would give to the next alarm of that name."""
    for name in alarm_names:
        if name in backend.alarms:
            backend.tagger.delete_all_tags_for_resource(backend.alarms[name].alarm_arn)
    _MOTOS_DELETE(backend, alarm_names)


def _describe(response: CloudWatchResponse) -> Any:  # noqa: ANN401  # moto's own reply
    _look(response.cloudwatch_backend, response.cloudwatch_backend.alarms.values())
    return _MOTOS_DESCRIBE(response)


def _describe_for_metric(response: CloudWatchResponse) -> Any:  # noqa: ANN401
    _look(response.cloudwatch_backend, response.cloudwatch_backend.alarms.values())
    return _MOTOS_DESCRIBE_FOR_METRIC(response)


def _look(backend: CloudWatchBackend, alarms: Iterable[Alarm]) -> None:
    """Bring alarms' states up to date, and tell whoever is to be told of a change."""
    now = datetime.now(UTC)
    for alarm in list(alarms):
        if alarm.rule is not None or not alarm.metric_name or alarm.comparison_operator not in _COMPARISONS:
            continue
        values = _values(backend.metric_data, alarm, now)
        state = state_of(
            values,
            is_breaching=lambda value, alarm=alarm: _COMPARISONS[alarm.comparison_operator](
                value, float(alarm.threshold)
            ),
            needed=alarm.datapoints_to_alarm or alarm.evaluation_periods,
            missing=alarm.treat_missing_data or "missing",
            now=cast("State", alarm.state_value),
        )
        if state != alarm.state_value:
            _change(alarm, state, values, now)


def _values(data: Iterable[MetricDatumBase], alarm: Alarm, now: datetime) -> list[float | None]:
    """Give the alarm's statistic for each of its periods, the newest last; the newest ends with the running minute."""
    step = min(alarm.period, _MINUTE)
    end = datetime.fromtimestamp((now.timestamp() // step + 1) * step, UTC)
    start = end - timedelta(seconds=alarm.period * alarm.evaluation_periods)
    periods: list[list[MetricDatumBase]] = [[] for _ in range(alarm.evaluation_periods)]
    for datum in data:
        if datum.name == alarm.metric_name and datum.namespace == alarm.namespace:
            age = _in_utc(datum.timestamp) - start
            number = int(age.total_seconds() // alarm.period)
            if 0 <= number < len(periods) and _same_dimensions(datum.dimensions, alarm.dimensions):
                periods[number].append(datum)
    return [_statistic(alarm.statistic, period) for period in periods]


def _in_utc(moment: datetime) -> datetime:
    """Give a time of moto's, which keeps some in UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _same_dimensions(one: Iterable[Dimension], other: Iterable[Dimension]) -> bool:
    return {(d.name, d.value) for d in one} == {(d.name, d.value) for d in other}


def _statistic(name: str, data: list[MetricDatumBase]) -> float | None:
    if not data:
        return None
    statistics = Statistics([name], data[-1].timestamp)
    statistics.metric_data = data
    value = statistics.get_statistics_for_type(name)
    return None if value is None else float(value)


def _change(alarm: Alarm, state: State, values: Sequence[float | None], now: datetime) -> None:
    known = [value for value in values if value is not None]
    reason = (
        f"Threshold Crossed: {alarm.statistic} {known} of the last {len(values)} periods of {alarm.period} s, held "
        f"against {alarm.comparison_operator} {alarm.threshold}: {state}"
    )
    before = alarm.state_value
    alarm.update_state(reason, json.dumps({"recentDatapoints": known, "period": alarm.period}), state)
    _LOG.info("alarm %s: %s", alarm.name, reason)
    actions = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    for arn in (actions[state] or []) if alarm.actions_enabled else []:
        _tell(arn, alarm, before, now)


def _tell(topic: str, alarm: Alarm, before: str, now: datetime) -> None:
    """Publish a change of state to an SNS topic; any other kind of action has nobody in the sandbox to do it."""
    _, _, service, region, account, _ = topic.split(":", 5)
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": now.isoformat(timespec="milliseconds"),
        "OldStateValue": before,
        "Region": region,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": str(alarm.statistic).upper(),
            "Dimensions": [{"name": one.name, "value": one.value} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data,
        },
    }
    subject = f'{alarm.state_value}: "{alarm.name}" in {region}'[:_SUBJECT]
    found = sns_backends[account][region].topics.get(topic) if service == "sns" else None
    if found is None:
        _LOG.warning("alarm %s: there is no topic %s to tell, and the sandbox does no other action", alarm.name, topic)
        return
    found.publish(json.dumps(message), subject=subject)
