"""A stage and the integration that it goes through, as they are in Snowflake.

Snowflake ties a stage to an integration, and a pipe to a stage, by ids that it does not show: what is made anew under
its old name leaves the other side detached. So this resource tells when each was made, and ties them again; ADR 20 has
the whole sequence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pulumi
from pulumi.dynamic import Resource

from clients.errors import NotFoundError
from clients.snowflake import SnowflakeClient
from domain.pipe_repair import bind_stage, made_at, show_integration, show_stage
from providers.snowflake_provider import SchemaSpec, SnowflakeProvider
from providers.typed_provider import Created, Found


@dataclass(frozen=True, kw_only=True)
class BindingSpec(SchemaSpec):
    """A stage, its integration, and the pipes that read through it."""

    stage: str
    integration: str
    location: str
    """What the stage is over: an `s3://` address."""
    trusted: str = field(default="", repr=False)
    """Whom the role trusts: a new one means a new integration, and the stage is bound anew."""
    drift: str = ""
    """Empty in a program; after a refresh it says which stage and integration were there before others came."""


@dataclass(frozen=True, kw_only=True)
class BindingOutputs:
    """What is bound."""

    bound: str
    """Which stage over what, and which integration: when each was made. A pipe lives as long as this stays."""


class StageBindingProvider(SnowflakeProvider[BindingSpec, BindingOutputs]):
    """Owns nothing: it ties together what other resources own."""

    spec_type = BindingSpec
    outputs_type = BindingOutputs
    replaces_on = frozenset({"database", "schema"})

    def describe(self, spec: BindingSpec) -> str:
        """Name both ends."""
        return f"the binding of stage {spec.stage} to storage integration {spec.integration}"

    def create_object(self, spec: BindingSpec) -> Created[BindingOutputs]:
        """Tie the stage to its integration, which may be another one than when the stage was made."""
        return Created(id=spec.home.object(spec.stage), outputs=self._tie(spec))

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[BindingSpec, BindingOutputs],  # noqa: ARG002  # as above
        new: BindingSpec,
    ) -> BindingOutputs:
        """Tie the stage to its integration again."""
        return self._tie(new)

    def read_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        known: Found[BindingSpec, BindingOutputs],
    ) -> Found[BindingSpec, BindingOutputs] | None:
        """Look which stage and which integration are there now, and tell as drift those that are not what was bound."""
        with self.connected() as snowflake:
            try:
                bound = _bound(snowflake, known.spec)
            except NotFoundError:
                return None
        drift = known.spec.drift if bound == known.outputs.bound else f"was {known.outputs.bound}"
        return Found(spec=replace(known.spec, drift=drift), outputs=BindingOutputs(bound=bound))

    def delete_object(self, object_id: str, spec: BindingSpec) -> None:
        """Leave everything as it is: stage and integration have owners."""

    def _tie(self, spec: BindingSpec) -> BindingOutputs:
        with self.connected() as snowflake:
            bound = _bound(snowflake, spec)
            snowflake.query(bind_stage(spec.home, spec.stage, spec.integration))
        return BindingOutputs(bound=bound)


def _bound(snowflake: SnowflakeClient, spec: BindingSpec) -> str:
    stage = made_at(snowflake.query(show_stage(spec.home, spec.stage)), spec.stage)
    integration = made_at(snowflake.query(show_integration(spec.integration)), spec.integration)
    for kind, name, found in (("stage", spec.stage, stage), ("storage integration", spec.integration, integration)):
        if not found:
            raise NotFoundError(f"there is no {kind} {name}", hint="run `pulumi up --refresh`, which makes it again")
    return f"{spec.location} by the stage of {stage} and the integration of {integration}"


class StageBinding(Resource, module="landing", name="StageBinding"):
    """The tie between a stage and its integration; pipes are made anew when it changes."""

    bound: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        database: pulumi.Input[str],
        schema: pulumi.Input[str],
        stage: pulumi.Input[str],
        integration: pulumi.Input[str],
        location: pulumi.Input[str],
        trusted: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            StageBindingProvider(),
            resource_name,
            {
                "database": database,
                "schema": schema,
                "stage": stage,
                "integration": integration,
                "location": location,
                "trusted": trusted,
                "bound": None,
            },
            opts,
        )
