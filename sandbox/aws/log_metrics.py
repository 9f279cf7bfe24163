"""Metric filters of CloudWatch Logs: moto keeps them, and here each log event that arrives is held against them.

What a filter counts becomes data of moto's CloudWatch, on which alarms look. An event that lacks the field of one of a
filter's dimensions is not counted: AWS does not say what it does with one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import unix_time_millis
from moto.logs.exceptions import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from sandbox.aws.log_patterns import MISSING, Event, PatternError, read_event, read_pattern, select
from sandbox.aws.replacing import replace

_FILTERS_OF_A_GROUP = 100
_DIMENSIONS = 3
_MOTOS_PUT_LOG_EVENTS = LogsBackend.put_log_events
_MOTOS_DELETE_LOG_GROUP = LogsBackend.delete_log_group

Filter = dict[str, Any]
"""A metric filter as DescribeMetricFilters gives it."""


def install() -> None:
    """Let moto's CloudWatch Logs hold events against metric filters, and refuse filters that AWS refuses."""
    replace(LogsBackend, "put_metric_filter", _put_filter)
    replace(LogsBackend, "delete_metric_filter", _delete_filter)
    replace(LogsBackend, "put_log_events", _put_log_events)
    replace(LogsBackend, "delete_log_group", _delete_log_group)


def _put_filter(
    backend: LogsBackend,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: list[dict[str, Any]],
) -> None:
    """Add a filter, or put it in the place of the group's filter of that name."""
    if log_group_name not in backend.groups:
        raise ResourceNotFoundException
    _check(filter_pattern, metric_transformations[0])
    others = [known for known in _filters(backend, log_group_name) if known["filterName"] != filter_name]
    if len(others) >= _FILTERS_OF_A_GROUP:
        raise LimitExceededException
    new: Filter = {
        "filterName": filter_name,
        "filterPattern": filter_pattern,
        "logGroupName": log_group_name,
        "metricTransformations": metric_transformations,
        "creationTime": int(unix_time_millis()),
    }
    _keep(backend, log_group_name, [*others, new])


def _check(pattern: str, transformation: dict[str, Any]) -> None:
    dimensions = cast("dict[str, str]", transformation.get("dimensions") or {})
    if len(dimensions) > _DIMENSIONS:
        raise InvalidParameterException(f"Invalid metric transformation: at most {_DIMENSIONS} dimensions are allowed.")
    if dimensions and transformation.get("defaultValue") is not None:
        raise InvalidParameterException(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
        )
    try:
        read_pattern(pattern)
    except PatternError as error:
        raise InvalidParameterException(f"Invalid metric filter pattern: {error}") from error
    value = str(transformation["metricValue"])
    try:
        for selector in (*dimensions.values(), *([] if _is_number(value) else [value])):
            select(selector, {})
    except PatternError as error:
        raise InvalidParameterException(f"Invalid metric transformation: {error}") from error


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None


def _filters(backend: LogsBackend, group: str) -> list[Filter]:
    return [known for known in backend.filters.metric_filters if known["logGroupName"] == group]


def _keep(backend: LogsBackend, group: str, filters: list[Filter]) -> None:
    """Let `filters` be all that the log group has."""
    others = [known for known in backend.filters.metric_filters if known["logGroupName"] != group]
    backend.filters.metric_filters = sorted([*others, *filters], key=lambda known: str(known["filterName"]))


def _delete_filter(backend: LogsBackend, filter_name: str | None = None, log_group_name: str | None = None) -> None:
    group = str(log_group_name)
    known = _filters(backend, group)
    left = [one for one in known if one["filterName"] != filter_name]
    if len(left) == len(known):
        raise ResourceNotFoundException("The specified metric filter does not exist.")
    _keep(backend, group, left)


def _delete_log_group(backend: LogsBackend, log_group_name: str) -> None:
    _MOTOS_DELETE_LOG_GROUP(backend, log_group_name)
    _keep(backend, log_group_name, [])


def _put_log_events(
    backend: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    answer = _MOTOS_PUT_LOG_EVENTS(backend, log_group_name, log_stream_name, log_events)
    rejected = answer[1]
    first = rejected.get("tooOldLogEventEndIndex", -1) + 1
    accepted = log_events[first : rejected.get("tooNewLogEventStartIndex")]
    filters = _filters(backend, log_group_name)
    if filters:
        events = [(int(event["timestamp"]), read_event(event["message"])) for event in accepted]
        for one in filters:
            _count(backend, one, events)
    return answer


def _count(backend: LogsBackend, one: Filter, events: list[tuple[int, Event]]) -> None:
    """Make the data that a filter finds in events, each with its time in milliseconds since 1970."""
    matches, transformation = read_pattern(one["filterPattern"]), one["metricTransformations"][0]
    found = [datum for when, event in events if matches(event) and (datum := _datum(transformation, when, event))]
    if not found and transformation.get("defaultValue") is not None and events:
        found = [_with_value(transformation, events[-1][0], float(transformation["defaultValue"]), {})]
    if found:
        metrics = cloudwatch_backends[backend.account_id][backend.region_name]
        metrics.put_metric_data(transformation["metricNamespace"], found)


def _datum(transformation: dict[str, Any], when: int, event: Event) -> dict[str, Any] | None:
    text = str(transformation["metricValue"])
    value = text if _is_number(text) else select(text, event)
    fields = cast("dict[str, str]", transformation.get("dimensions") or {})
    dimensions = {name: select(selector, event) for name, selector in fields.items()}
    if not _is_number(str(value)) or any(found is MISSING or found is None for found in dimensions.values()):
        return None
    return _with_value(transformation, when, float(str(value)), dimensions)


def _with_value(
    transformation: dict[str, Any], when: int, value: float, dimensions: dict[str, object]
) -> dict[str, Any]:
    return {
        "MetricName": transformation["metricName"],
        "Value": value,
        "Unit": transformation.get("unit") or "None",
        # moto keeps times in UTC without saying so.
        "Timestamp": datetime.fromtimestamp(when / 1000, UTC).replace(tzinfo=None),
        "Dimensions": [{"Name": name, "Value": str(found)} for name, found in dimensions.items()],
    }
