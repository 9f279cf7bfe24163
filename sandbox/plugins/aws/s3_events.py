"""Amazon S3: where a bucket's events go. S3 keeps one such configuration a bucket and replaces it whole."""

from __future__ import annotations

from typing import Any, cast

from sandbox.plugins.aws.cloud import Aws, given
from sandbox.plugins.compare import same
from sandbox.plugins.table import FORCE_NEW, PLAIN, Property, Row
from sandbox.plugins.wire import Properties, Value, has_unknown

_KINDS = {
    "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
    "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
    "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
}


def _put(aws: Aws, inputs: Properties) -> str:
    wanted: dict[str, Any] = {
        theirs: [_to_aws(target, ours, arn) for target in inputs[kind]]
        for kind, (theirs, ours, arn) in _KINDS.items()
        if inputs.get(kind)
    }
    if inputs.get("eventbridge"):
        wanted["EventBridgeConfiguration"] = {}
    aws.client("s3").put_bucket_notification_configuration(Bucket=inputs["bucket"], NotificationConfiguration=wanted)
    return inputs["bucket"]


def _to_aws(target: Properties, ours: str, arn: str) -> dict[str, Any]:
    rules = [
        {"Name": name, "Value": target[key]}
        for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if target.get(key)
    ]
    wanted = {arn: target[ours], "Events": target["events"]}
    return given(Id=target.get("id"), Filter={"Key": {"FilterRules": rules}} if rules else None, **wanted)


def _read(aws: Aws, bucket: str) -> Properties | None:
    found = aws.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    state: Properties = {
        kind: [_from_aws(target, ours, arn) for target in found[theirs]]
        for kind, (theirs, ours, arn) in _KINDS.items()
        if found.get(theirs)
    }
    if "EventBridgeConfiguration" in found:
        state["eventbridge"] = True
    return {"bucket": bucket, "region": aws.region, **state} if state else None


def _from_aws(target: dict[str, Any], ours: str, arn: str) -> Properties:
    rules = target.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {f"filter{rule['Name'].capitalize()}": rule["Value"] for rule in rules}
    return given(id=target.get("Id"), events=target["Events"], **{ours: target[arn]}, **filters)


def _update(aws: Aws, _bucket: str, _state: Properties, inputs: Properties) -> None:
    _put(aws, inputs)


def _delete(aws: Aws, bucket: str, _state: Properties) -> None:
    aws.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})


def _same_targets(one: Value, other: Value) -> bool:
    """Compare targets; an id that the program does not give is AWS's to make up."""
    if has_unknown(one) or has_unknown(other) or not one or not other:
        return same(one, other)
    targets = [cast("list[Properties]", one), cast("list[Properties]", other)]
    if all("id" in target for side in targets for target in side):
        return same(one, other)
    left, right = ([{key: target[key] for key in target if key != "id"} for target in side] for side in targets)
    return same(left, right)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:s3/bucketNotification:BucketNotification",
        properties={
            "bucket": FORCE_NEW,
            "eventbridge": PLAIN,
            **dict.fromkeys(_KINDS, Property(same=_same_targets)),
        },
        create=_put,
        read=_read,
        update=_update,
        delete=_delete,
    ),
)
