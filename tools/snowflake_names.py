"""What Pulumi's Terraform bridge calls otherwise than the official `snowflake` plug-in, and the older of two providers.

The plug-in is made from version 2 of Snowflake's provider, which Go's module proxy does not serve; version 1.2.3, which
it does, has the same code for all types of ours but two. Those two are given the version 1 resource of the same object:

| plug-in | version 1 | what differs for the program |
| --- | --- | --- |
| StorageIntegrationAws | storage_integration | `describeOutputs` is put together here; no external id of one's own |
| StageExternalS3 | stage | another name makes a new one; fewer outputs |
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from google.protobuf.struct_pb2 import Struct

Message: TypeAlias = Any
"""A message of the provider's protocol: the SDK's stubs have no types that resolve."""

_INTEGRATION = "snowflake:index/storageIntegrationAws:StorageIntegrationAws"
_STAGE = "snowflake:index/stageExternalS3:StageExternalS3"
_OLDER = {
    _INTEGRATION: "snowflake:index/storageIntegration:StorageIntegration",
    _STAGE: "snowflake:index/stage:Stage",
}
_FEATURES_OF_OLDER = ("snowflake_storage_integration_resource", "snowflake_stage_resource")
"""Preview features in version 1, stable in version 2."""
_DESCRIBED = {
    "iamUserArn": "storageAwsIamUserArn",
    "externalId": "storageAwsExternalId",
    "roleArn": "storageAwsRoleArn",
    "allowedLocations": "storageAllowedLocations",
}
"""What the program may read of `describeOutputs`, and version 1's property for it."""
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's mark of a value that a preview does not know."""
_PARTS_OF_URN = 4


def type_of(request: Message) -> str:
    """Give the plug-in's type that a request is about; empty for none."""
    parts = str(getattr(request, "urn", "")).split("::", _PARTS_OF_URN - 1)
    return parts[2].rpartition("$")[2] if len(parts) == _PARTS_OF_URN else ""


def to_bridge(kind: str, request: Message) -> None:
    """Write a request for a resource of type `kind` with the bridge's names."""
    for field in ("news", "olds", "properties", "inputs", "old_inputs"):
        if hasattr(request, field):
            getattr(request, field).fields.pop("id", None)
            if kind == _INTEGRATION:
                getattr(request, field).fields.pop("describeOutputs", None)
    if kind not in _OLDER:
        return
    stack, project, types, name = request.urn.split("::", _PARTS_OF_URN - 1)
    parents, dollar, _ = types.rpartition("$")
    request.urn = "::".join((stack, project, f"{parents}{dollar}{_OLDER[kind]}", name))
    if getattr(request, "type", ""):
        request.type = _OLDER[kind]


def from_bridge(kind: str, request: Message, reply: Message) -> None:
    """Write a reply about a resource of type `kind` with the plug-in's names."""
    properties: Struct | None = getattr(reply, "properties", None)
    if properties is None or not properties.fields:
        return
    # The bridge calls it after the type, such as `tableId`; an update is answered without one.
    if identifier := getattr(reply, "id", "") or getattr(request, "id", ""):
        properties.fields["id"].string_value = identifier
    if kind != _INTEGRATION:
        return
    described = Struct()
    for ours, theirs in _DESCRIBED.items():
        if theirs in properties.fields:
            described.fields[ours].CopyFrom(properties.fields[theirs])
        else:
            described.fields[ours].string_value = _UNKNOWN
    properties.fields["describeOutputs"].list_value.values.add().struct_value.CopyFrom(described)


def to_bridges_config(request: Message) -> None:
    """Write a stack's `snowflake:` section with the bridge's names; it takes numbers and lists as such."""
    settings = request.args.fields
    said = settings.pop("previewFeaturesEnabled", None)
    features: list[str] = json.loads(said.string_value) if said is not None else []
    settings["previewFeaturesEnableds"].list_value.extend([*features, *_FEATURES_OF_OLDER])
    settings.pop("version", None)
    if settings.get("port") is not None and settings["port"].HasField("string_value"):
        settings["port"].number_value = float(settings["port"].string_value)
    request.variables.clear()
