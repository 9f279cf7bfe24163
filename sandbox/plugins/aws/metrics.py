"""Amazon CloudWatch: metrics made of log events, and alarms on metrics."""

from __future__ import annotations

from typing import Any, cast

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.compare import same
from sandbox.plugins.table import FORCE_NEW, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties, Value, has_unknown

_NO_UNIT = "None"


def _put_filter(aws: Aws, inputs: Properties) -> str:
    transformation = inputs["metricTransformation"]
    default = transformation.get("defaultValue")
    aws.client("logs").put_metric_filter(
        filterName=inputs["name"],
        filterPattern=inputs["pattern"].strip(),
        logGroupName=inputs["logGroupName"],
        metricTransformations=[
            given(
                metricName=transformation["name"],
                metricNamespace=transformation["namespace"],
                metricValue=transformation["value"],
                defaultValue=None if default is None else float(default),
                dimensions=transformation.get("dimensions") or None,
                unit=transformation.get("unit", _NO_UNIT),
            )
        ],
    )
    # The official plug-in has the name alone as the id, and takes this one for an import: a name is only unique in
    # its log group.
    return f"{inputs['logGroupName']}:{inputs['name']}"


def _read_filter(aws: Aws, identifier: str) -> Properties | None:
    group, _, name = identifier.rpartition(":")
    pages = aws.client("logs").get_paginator("describe_metric_filters")
    for page in pages.paginate(logGroupName=group, filterNamePrefix=name):
        for found in page["metricFilters"]:
            if found["filterName"] == name:
                return {
                    "name": name,
                    "logGroupName": group,
                    "pattern": found["filterPattern"],
                    "metricTransformation": _transformation(found["metricTransformations"][0]),
                    "region": aws.region,
                }
    return None


def _transformation(found: dict[str, Any]) -> Properties:
    default = found.get("defaultValue")
    return given(
        name=found["metricName"],
        namespace=found["metricNamespace"],
        value=found["metricValue"],
        unit=found.get("unit", _NO_UNIT),
        defaultValue=None if default is None else f"{default:g}",
        dimensions=found.get("dimensions"),
    )


def _update_filter(aws: Aws, _id: str, _state: Properties, inputs: Properties) -> None:
    _put_filter(aws, inputs)


def _delete_filter(aws: Aws, identifier: str, _state: Properties) -> None:
    group, _, name = identifier.rpartition(":")
    aws.client("logs").delete_metric_filter(logGroupName=group, filterName=name)


def _same_transformation(one: Value, other: Value) -> bool:
    """A transformation without a unit has the unit `None`."""
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("Properties", one), cast("Properties", other)
        return same({"unit": _NO_UNIT, **left}, {"unit": _NO_UNIT, **right})
    return same(one, other)


def _same_pattern(one: Value, other: Value) -> bool:
    """White space around a pattern means nothing."""
    if has_unknown(one) or has_unknown(other):
        return False
    return str(one or "").strip() == str(other or "").strip()


_OF_ALARM = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluationPeriods": "EvaluationPeriods",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "name": "AlarmName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""The properties of an alarm that CloudWatch has under a name of its own and in the same form."""


def _put_alarm(aws: Aws, inputs: Properties) -> str:
    arguments = {theirs: inputs[ours] for ours, theirs in _OF_ALARM.items() if ours in inputs}
    aws.client("cloudwatch").put_metric_alarm(
        **arguments,
        Dimensions=pairs(inputs.get("dimensions", {}), key="Name"),
        **given(Tags=pairs(inputs["tagsAll"]) or None),
    )
    return inputs["name"]


def _read_alarm(aws: Aws, name: str) -> Properties | None:
    cloudwatch = aws.client("cloudwatch")
    for alarm in cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]:
        arn = alarm["AlarmArn"]
        return {
            **{ours: alarm.get(theirs) for ours, theirs in _OF_ALARM.items()},
            "arn": arn,
            "dimensions": unpaired(alarm.get("Dimensions", []), key="Name") or None,
            "region": aws.region,
            **aws.tagged(unpaired(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"])),
        }
    return None


def _update_alarm(aws: Aws, _name: str, state: Properties, inputs: Properties) -> None:
    cloudwatch = aws.client("cloudwatch")
    # The call replaces an alarm whole, but for its tags, which it takes at the creation alone.
    _put_alarm(aws, {**inputs, "tagsAll": {}})
    retag(
        state,
        inputs,
        lambda tags: cloudwatch.tag_resource(ResourceARN=state["arn"], Tags=pairs(tags)),
        lambda names: cloudwatch.untag_resource(ResourceARN=state["arn"], TagKeys=names),
    )


def _delete_alarm(aws: Aws, name: str, _state: Properties) -> None:
    aws.client("cloudwatch").delete_alarms(AlarmNames=[name])


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
        properties={
            "name": FORCE_NEW,
            "logGroupName": FORCE_NEW,
            "pattern": Property(same=_same_pattern),
            "metricTransformation": Property(same=_same_transformation),
        },
        create=_put_filter,
        read=_read_filter,
        update=_update_filter,
        delete=_delete_filter,
        auto_name="name",
    ),
    Row(
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        properties={
            **dict.fromkeys(_OF_ALARM, PLAIN),
            "name": FORCE_NEW,
            "actionsEnabled": Property(default=True),
            "treatMissingData": Property(default="missing"),
            "dimensions": PLAIN,
            **TAGS,
        },
        create=_put_alarm,
        read=_read_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        auto_name="name",
    ),
)
