"""The names of Pulumi's Terraform bridge, in place of the official plug-in's and back."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2

from tools.snowflake_names import from_bridge, to_bridge, to_bridges_config, type_of

URN = "urn:pulumi:dev::landing::landing:snowflake:SnowflakeStage${}::the::stage"
INTEGRATION = "snowflake:index/storageIntegrationAws:StorageIntegrationAws"


def test_an_integration_goes_out_as_the_older_resource() -> None:
    request: Any = provider_pb2.DiffRequest(urn=URN.format(INTEGRATION))
    ParseDict({"id": "S3", "name": "S3", "describeOutputs": [{"externalId": "e"}]}, request.olds)
    assert type_of(request) == INTEGRATION
    to_bridge(INTEGRATION, request)
    assert request.urn == URN.format("snowflake:index/storageIntegration:StorageIntegration")
    assert MessageToDict(request.olds) == {"name": "S3"}


def test_an_integration_comes_back_with_its_description_and_its_id() -> None:
    reply: Any = provider_pb2.CreateResponse(id="S3")
    ParseDict({"name": "S3", "storageAwsExternalId": "e"}, reply.properties)
    from_bridge(INTEGRATION, provider_pb2.CreateRequest(), reply)
    told = MessageToDict(reply.properties)
    (described,) = told["describeOutputs"]
    assert (told["id"], described["externalId"]) == ("S3", "e")
    assert described["iamUserArn"] == described["roleArn"] != ""  # not known yet


def test_the_config_names_the_older_resources_features() -> None:
    request: Any = provider_pb2.ConfigureRequest()
    ParseDict({"port": "14502", "previewFeaturesEnabled": '["snowflake_pipe_resource"]'}, request.args)
    to_bridges_config(request)
    told = MessageToDict(request.args)
    assert told["port"] == 14502
    assert told["previewFeaturesEnableds"][0] == "snowflake_pipe_resource"
    assert "snowflake_stage_resource" in told["previewFeaturesEnableds"]
