"""AWS KMS: keys and aliases."""

from __future__ import annotations

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.compare import same
from sandbox.plugins.table import COMPUTED, FORCE_NEW, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties, Value

_LONGEST_WINDOW = 30
"""Days that AWS waits before it deletes a key when nothing else is asked for."""

_USAGE = "ENCRYPT_DECRYPT"
_SPEC = "SYMMETRIC_DEFAULT"


def _create_key(aws: Aws, inputs: Properties) -> str:
    answer = aws.client("kms").create_key(
        **given(
            Description=inputs.get("description"),
            Policy=inputs.get("policy"),
            KeyUsage=inputs.get("keyUsage"),
            KeySpec=inputs.get("customerMasterKeySpec"),
            BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
            Tags=pairs(inputs["tagsAll"], "TagKey", "TagValue"),
        )
    )
    return answer["KeyMetadata"]["KeyId"]


def _settle_key(aws: Aws, key: str, inputs: Properties) -> None:
    _rotate(aws, key, inputs)
    if inputs.get("isEnabled") is False:
        aws.client("kms").disable_key(KeyId=key)


def _rotate(aws: Aws, key: str, inputs: Properties) -> None:
    if inputs.get("enableKeyRotation"):
        aws.client("kms").enable_key_rotation(
            **given(KeyId=key, RotationPeriodInDays=inputs.get("rotationPeriodInDays"))
        )


def _read_key(aws: Aws, key: str) -> Properties | None:
    kms = aws.client("kms")
    about = kms.describe_key(KeyId=key)["KeyMetadata"]
    if about["KeyState"] == "PendingDeletion":
        return None
    rotation = kms.get_key_rotation_status(KeyId=key)
    return {
        "arn": about["Arn"],
        "keyId": about["KeyId"],
        "description": about.get("Description"),
        "isEnabled": about["Enabled"],
        "keyUsage": about.get("KeyUsage", _USAGE),
        "customerMasterKeySpec": about.get("KeySpec", _SPEC),
        "multiRegion": about.get("MultiRegion", False),
        "policy": kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        "enableKeyRotation": rotation["KeyRotationEnabled"],
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays") if rotation["KeyRotationEnabled"] else None,
        "region": aws.region,
        **aws.tagged(unpaired(kms.list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue")),
    }


def _update_key(aws: Aws, key: str, state: Properties, inputs: Properties) -> None:
    kms = aws.client("kms")
    enabled = inputs.get("isEnabled", True)
    if enabled and not same(state.get("isEnabled", True), enabled):
        kms.enable_key(KeyId=key)
    if "description" in inputs and not same(state.get("description"), inputs["description"]):
        kms.update_key_description(KeyId=key, Description=inputs["description"])
    if "policy" in inputs and not same(state.get("policy"), inputs["policy"]):
        kms.put_key_policy(
            **given(
                KeyId=key,
                PolicyName="default",
                Policy=inputs["policy"],
                BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
            )
        )
    _rotate(aws, key, inputs)
    if state.get("enableKeyRotation") and not inputs.get("enableKeyRotation"):
        kms.disable_key_rotation(KeyId=key)
    if not enabled and not same(state.get("isEnabled", True), enabled):
        kms.disable_key(KeyId=key)
    retag(
        state,
        inputs,
        lambda tags: kms.tag_resource(KeyId=key, Tags=pairs(tags, "TagKey", "TagValue")),
        lambda names: kms.untag_resource(KeyId=key, TagKeys=names),
    )


def _delete_key(aws: Aws, key: str, state: Properties) -> None:
    kms = aws.client("kms")
    if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion":
        window = state.get("deletionWindowInDays", _LONGEST_WINDOW)
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=window)


def _same_key(one: Value, other: Value) -> bool:
    """A key is named by its id or by its ARN, which ends in the id."""
    if isinstance(one, str) and isinstance(other, str):
        return one.rpartition("/")[2] == other.rpartition("/")[2]
    return same(one, other)


def _create_alias(aws: Aws, inputs: Properties) -> str:
    aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
    return inputs["name"]


def _read_alias(aws: Aws, name: str) -> Properties | None:
    for page in aws.client("kms").get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == name:
                target = alias["TargetKeyId"]
                return {
                    "arn": alias["AliasArn"],
                    "name": name,
                    "targetKeyId": target,
                    "targetKeyArn": aws.arn("kms", f"key/{target}"),
                    "region": aws.region,
                }
    return None


def _update_alias(aws: Aws, name: str, _state: Properties, inputs: Properties) -> None:
    aws.client("kms").update_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])


def _delete_alias(aws: Aws, name: str, _state: Properties) -> None:
    aws.client("kms").delete_alias(AliasName=name)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:kms/key:Key",
        properties={
            "description": COMPUTED,
            "policy": COMPUTED,
            "keyUsage": Property(replaces=True, default=_USAGE),
            "customerMasterKeySpec": Property(replaces=True, default=_SPEC),
            "enableKeyRotation": PLAIN,
            "rotationPeriodInDays": COMPUTED,
            "isEnabled": Property(default=True),
            "deletionWindowInDays": KEPT,
            "bypassPolicyLockoutSafetyCheck": KEPT,
            **TAGS,
        },
        create=_create_key,
        settle=_settle_key,
        read=_read_key,
        update=_update_key,
        delete=_delete_key,
    ),
    Row(
        type="aws:kms/alias:Alias",
        properties={"name": FORCE_NEW, "targetKeyId": Property(same=_same_key)},
        create=_create_alias,
        read=_read_alias,
        update=_update_alias,
        delete=_delete_alias,
        auto_name="name",
        auto_name_prefix="alias/",
    ),
)
