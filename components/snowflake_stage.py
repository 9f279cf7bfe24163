"""Snowflake's side of the bucket: database, schema, storage integration with its trust, and one external stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi_aws as aws
import pulumi_snowflake as snowflake
from pulumi import ComponentResource, Output, ResourceOptions

from components.canary import Canary, CanaryArgs
from components.landing_bucket import LandingBucket
from components.snowflake_access import SnowflakeAccess, SnowflakeAccessArgs
from components.stage_place import StagePlace
from domain import iam
from domain.canary import CANARY_PREFIX
from domain.partners import PARTNERS_PREFIX
from domain.sections import SnowflakeSettings
from providers.pipe_pause import PipePause
from providers.stage_binding import StageBinding
from providers.storage_trust import StorageTrust


@dataclass(frozen=True, kw_only=True)
class SnowflakeStageArgs:
    """What the stage needs to know."""

    prefix: str
    """Begins the name of the role that Snowflake reads with."""
    bucket: LandingBucket
    settings: SnowflakeSettings
    pipes: Mapping[str, str] = field(default_factory=dict[str, str])
    """What each of the partners' pipes does, in short, by its name: those that change are stopped first."""


class SnowflakeStage(ComponentResource):
    """One external stage over all partners' objects, which provably lists them.

    The role starts by trusting nobody; the integration is made with its ARN; the storage trust lets the integration's
    IAM user in and waits until Snowflake itself can list the location. Nothing is ever made with CREATE OR REPLACE,
    because that detaches stages and stops pipes.
    """

    database: Output[str]
    schema: Output[str]
    stage: Output[str]
    """The stage's name, once it is there and the trust holds."""
    place: StagePlace
    """What feeds are told of it."""
    warehouse: Output[str]
    canary: Canary | None
    """None where the settings want no probe."""
    location: Output[str]
    """What the stage is over: an `s3://` address with a closing slash."""
    trusted: Output[str]
    """Whom the role trusts, and for which locations."""
    stopped: Output[str]
    """When pipes were last stopped, to be made anew."""
    outputs: dict[str, Output[str]]
    """Their names, as the stack's output."""

    def __init__(self, name: str, args: SnowflakeStageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:snowflake:SnowflakeStage", name, {}, opts)
        self._name = name
        self._child = ResourceOptions(parent=self)
        prefixes = [PARTNERS_PREFIX, *([CANARY_PREFIX] if args.settings.probe else [])]
        locations = [Output.concat("s3://", args.bucket.bucket, "/", prefix) for prefix in prefixes]
        role, access = self._stage_role(args, prefixes)
        own_id = args.settings.external_id
        integration = snowflake.StorageIntegrationAws(
            f"{name}-integration",
            name=args.settings.storage_integration,
            enabled=True,
            storage_provider="S3",
            storage_aws_role_arn=role.arn,
            storage_allowed_locations=locations,
            storage_aws_external_id=Output.secret(own_id.get_secret_value()) if own_id else None,
            # They hold the external id.
            opts=ResourceOptions.merge(self._child, ResourceOptions(additional_secret_outputs=["describeOutputs"])),
        )
        trust = StorageTrust(
            f"{name}-trust",
            integration_name=integration.name,
            integration_external_id=integration.describe_outputs[0].external_id,
            role_name=role.name,
            role_arn=role.arn,
            locations=locations,
            timeout_seconds=args.settings.trust_timeout_seconds,
            # Listing needs the role's rights and the bucket, and the trust is proved by listing.
            opts=ResourceOptions.merge(self._child, ResourceOptions(depends_on=[access])),
        )
        # Dropping either drops every partner's tables: `pulumi destroy` refuses before it begins.
        kept = ResourceOptions(parent=self, protect=not args.settings.delete_tables)
        database = snowflake.Database(f"{name}-database", name=args.settings.database, opts=kept)
        schema = snowflake.Schema(f"{name}-schema", name=args.settings.schema_name, database=database.name, opts=kept)
        stage = snowflake.StageExternalS3(
            f"{name}-stage",
            name=args.settings.stage,
            database=database.name,
            schema=schema.name,
            url=locations[0],
            storage_integration=integration.name,
            opts=ResourceOptions.merge(self._child, ResourceOptions(depends_on=[trust])),
        )
        self.database, self.schema, self.stage = database.name, schema.name, stage.name
        self.location = stage.url
        self.trusted = Output.concat(role.arn, " ", trust.iam_user_arn, " ", trust.external_id, " ", *locations)
        binding = StageBinding(
            f"{name}-binding",
            database=self.database,
            schema=self.schema,
            stage=self.stage,
            integration=integration.name,
            location=self.location,
            trusted=self.trusted,
            opts=self._child,
        )
        pause = PipePause(
            f"{name}-pause",
            database=self.database,
            schema=self.schema,
            bound=binding.bound,
            pipes=args.pipes,
            timeout_seconds=args.settings.trust_timeout_seconds,
            opts=self._child,
        )
        self.stopped = pause.stopped
        self.place = StagePlace(
            database=self.database,
            schema=self.schema,
            stage=self.stage,
            bound=_after(pause, binding.bound),
            error_integration=args.settings.error_integration,
        )
        opened = SnowflakeAccessArgs(place=self.place, integration=integration.name, settings=args.settings)
        self.warehouse = SnowflakeAccess(f"{name}-access", opened, self._child).warehouse
        self.canary = None
        if args.settings.probe:
            canary = CanaryArgs(
                place=self.place,
                integration=integration.name,
                location=locations[1],
                trusted=self.trusted,
                timeout_seconds=args.settings.probe_timeout_seconds,
            )
            after = ResourceOptions(depends_on=[integration, trust])
            self.canary = Canary(f"{name}-canary", canary, ResourceOptions.merge(self._child, after))
        self.outputs = {"database": self.database, "schema": self.schema, "stage": self.stage}
        self.register_outputs(self.outputs)

    def _stage_role(self, args: SnowflakeStageArgs, prefixes: list[str]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        role = aws.iam.Role(
            f"{self._name}-role",
            name=f"{args.prefix}-snowflake-stage",
            description="Snowflake reads the partners' objects",
            # From here on the storage trust owns the trust policy; a refresh finds the external id in it.
            assume_role_policy=Output.secret(json.dumps(iam.trust_nobody())),
            opts=ResourceOptions.merge(
                self._child,
                ResourceOptions(ignore_changes=["assumeRolePolicy"], additional_secret_outputs=["assumeRolePolicy"]),
            ),
        )
        access = aws.iam.RolePolicy(
            f"{self._name}-access",
            name="read-stage",
            role=role.name,
            policy=Output.json_dumps(iam.stage_access(args.bucket.bucket_name, prefixes, args.bucket.key_arn)),
            opts=self._child,
        )
        return role, access


def _after(pause: PipePause, bound: Output[str]) -> Output[str]:
    """Have pipes wait for the pause, and a preview still know what they are bound to: the pause's id never changes."""
    return Output.all(bound, pause.id).apply(lambda known: known[0])
