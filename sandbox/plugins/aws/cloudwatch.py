"""Amazon CloudWatch Logs: log groups."""

from __future__ import annotations

from sandbox.plugins.aws.cloud import Aws, given, retag
from sandbox.plugins.table import FORCE_NEW, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties

_CLASS = "STANDARD"


def _create(aws: Aws, inputs: Properties) -> str:
    aws.client("logs").create_log_group(
        **given(
            logGroupName=inputs["name"],
            kmsKeyId=inputs.get("kmsKeyId"),
            logGroupClass=inputs.get("logGroupClass"),
            tags=inputs["tagsAll"] or None,
        )
    )
    return inputs["name"]


def _retain(aws: Aws, name: str, inputs: Properties) -> None:
    if inputs.get("retentionInDays"):
        aws.client("logs").put_retention_policy(logGroupName=name, retentionInDays=inputs["retentionInDays"])


def _read(aws: Aws, name: str) -> Properties | None:
    logs = aws.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group["logGroupName"] == name:
            arn = group["arn"].removesuffix(":*")
            return {
                "arn": arn,
                "name": name,
                "retentionInDays": group.get("retentionInDays"),
                "kmsKeyId": group.get("kmsKeyId"),
                "logGroupClass": group.get("logGroupClass", _CLASS),
                "region": aws.region,
                **aws.tagged(logs.list_tags_for_resource(resourceArn=arn).get("tags", {})),
            }
    return None


def _update(aws: Aws, name: str, state: Properties, inputs: Properties) -> None:
    logs = aws.client("logs")
    if state.get("retentionInDays") and not inputs.get("retentionInDays"):
        logs.delete_retention_policy(logGroupName=name)
    _retain(aws, name, inputs)
    if inputs.get("kmsKeyId"):
        logs.associate_kms_key(logGroupName=name, kmsKeyId=inputs["kmsKeyId"])
    elif state.get("kmsKeyId"):
        logs.disassociate_kms_key(logGroupName=name)
    retag(
        state,
        inputs,
        lambda tags: logs.tag_resource(resourceArn=state["arn"], tags=tags),
        lambda names: logs.untag_resource(resourceArn=state["arn"], tagKeys=names),
    )


def _delete(aws: Aws, name: str, state: Properties) -> None:
    if not state.get("skipDestroy"):
        aws.client("logs").delete_log_group(logGroupName=name)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:cloudwatch/logGroup:LogGroup",
        properties={
            "name": FORCE_NEW,
            "retentionInDays": PLAIN,
            "kmsKeyId": PLAIN,
            "logGroupClass": Property(replaces=True, default=_CLASS),
            "skipDestroy": KEPT,
            **TAGS,
        },
        create=_create,
        settle=_retain,
        read=_read,
        update=_update,
        delete=_delete,
        auto_name="name",
    ),
)
