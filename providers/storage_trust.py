"""The trust loop between Snowflake and AWS: closed, proved and watched.

Snowflake comes for objects as an IAM user of its own, with an external id that belongs to one storage integration. The
role that reads the bucket must trust exactly that pair, which is known only once the integration is there. So this
resource comes after both: it reads the pair, writes the role's trust, and waits until Snowflake itself can list.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import pulumi
from pulumi.dynamic import Resource

from clients.aws_roles import RoleTrust
from clients.errors import NotFoundError, NotYetError, ServiceError
from clients.patience import patiently
from clients.snowflake import SnowflakeClient
from domain import iam
from domain.storage_integration import (
    Cause,
    Integration,
    Refusal,
    describe_integration,
    parse_description,
    parse_validation,
    validate_integration,
)
from providers.codec import Properties
from providers.snowflake_provider import SnowflakeProvider
from providers.typed_provider import Created, Found

_CREDENTIALS_NOT_FOLLOWED = ("accessKey", "assumeRoles", "assumeRoleWithWebIdentity")
"""Ways in that the `aws` package knows by its own settings, and boto3 does not."""
_SET_RIGHT_FIRST = "run `pulumi up --refresh`: it sets the integration and the role right, and then the trust"


@dataclass(frozen=True, kw_only=True)
class TrustSpec:
    """Which integration may use which role, for which locations."""

    integration_name: str
    role_name: str
    role_arn: str
    locations: tuple[str, ...]
    """What Snowflake must be able to list: `s3://` addresses with a closing slash."""
    timeout_seconds: int = 180
    """How long to wait, in seconds, until it can list them all."""
    integration_external_id: str = field(default="", repr=False)
    """What the integration's own resource says: a new one means a new integration, and the loop is closed anew."""
    drift: str = ""
    """Empty as long as the loop is closed; after a refresh it says how it was found open, and `up` closes it."""


@dataclass(frozen=True, kw_only=True)
class TrustOutputs:
    """Whom the role trusts."""

    iam_user_arn: str
    external_id: str = field(repr=False)


class StorageTrustProvider(SnowflakeProvider[TrustSpec, TrustOutputs]):
    """Reads the pair from Snowflake alone, writes IAM, and believes only what Snowflake then can do."""

    spec_type = TrustSpec
    outputs_type = TrustOutputs
    replaces_on = frozenset({"integration_name", "role_name"})

    def describe(self, spec: TrustSpec) -> str:
        """Name the loop."""
        return f"the trust of role {spec.role_name} in storage integration {spec.integration_name}"

    def upgraded(self, props: Properties) -> Properties:
        """Read a state from when there was one location."""
        location = props.get("location")
        return {"locations": [location], **props} if location else props

    def unsaid(self, spec: TrustSpec) -> Sequence[str]:
        """Keep the external id to ourselves: it may be the stack's own, which is a secret."""
        return [spec.integration_external_id]

    def faults(self, spec: TrustSpec) -> list[tuple[str, str]]:
        """Want something to list: a trust that nothing proves is none of ours."""
        return [] if spec.locations else [("locations", "name at least one")]

    def create_object(self, spec: TrustSpec) -> Created[TrustOutputs]:
        """Close the loop; closing a closed one changes nothing, so a killed run is simply run again."""
        return Created(id=f"{spec.integration_name}/{spec.role_name}", outputs=self._close(spec))

    def update_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        old: Found[TrustSpec, TrustOutputs],  # noqa: ARG002  # as above
        new: TrustSpec,
    ) -> TrustOutputs:
        """Close the loop again, whatever opened it."""
        return self._close(new)

    def read_object(
        self,
        object_id: str,  # noqa: ARG002  # the base's signature
        known: Found[TrustSpec, TrustOutputs],
    ) -> Found[TrustSpec, TrustOutputs]:
        """Compare both clouds, and tell as drift whatever is off.

        A role or an integration that is not there is drift too: "does not exist" is also what credentials of another
        account, or without the right, are told, and the trust must not drop out of the state for that.
        """
        drift, outputs = self._compare(known.spec)
        return Found(spec=replace(known.spec, drift=drift), outputs=outputs)

    def come_off(self, object_id: str, spec: TrustSpec) -> str:  # noqa: ARG002  # the base's signature
        """Look at both clouds at each `up`: a green one means that the loop is closed (ADR 19)."""
        return self._compare(spec)[0]

    def delete_object(self, object_id: str, spec: TrustSpec) -> None:  # noqa: ARG002  # the base's signature
        """Leave the role trusting nobody; the integration does not matter to that, there or not."""
        try:
            self._roles.write(spec.role_name, iam.trust_nobody())
        except NotFoundError:
            return

    def _compare(self, spec: TrustSpec) -> tuple[str, TrustOutputs]:
        """Say what is off, on either side, and whom Snowflake comes as."""
        off: list[str] = []
        trusted = integration = None
        try:
            trusted = self._roles.read(spec.role_name)
        except NotFoundError as error:
            off.append(str(error))
        try:
            with self.connected() as snowflake:
                integration = _described(snowflake, spec)
        except NotFoundError as error:
            off.append(str(error))
        if integration is None:
            return "; ".join(off), TrustOutputs(iam_user_arn="", external_id="")
        if obstacle := integration.obstacle(spec.role_arn, spec.locations):
            off.append(f"integration {spec.integration_name}: {obstacle}")
        if trusted is not None and trusted != _wanted(integration):
            who = f"{integration.iam_user_arn} with the integration's external id"
            off.append(f"role {spec.role_name} does not trust {who} alone")
        outputs = TrustOutputs(iam_user_arn=integration.iam_user_arn, external_id=integration.external_id)
        return "; ".join(off), outputs

    def _close(self, spec: TrustSpec) -> TrustOutputs:
        until = time.monotonic() + spec.timeout_seconds
        with self.connected() as snowflake:
            integration = _described(snowflake, spec)
            if obstacle := integration.obstacle(spec.role_arn, spec.locations):
                raise ServiceError(f"integration {spec.integration_name}: {obstacle}", hint=_SET_RIGHT_FIRST)
            _write_trust(self._roles, spec, integration, until)
            for location in spec.locations:
                refusal = patiently(partial(_refusal, snowflake, spec, location), until=until, may_pass=_may_pass)
                if refusal:
                    holds = self._roles.read(spec.role_name) == _wanted(integration)
                    waited = f" for {spec.timeout_seconds} s" if _may_pass(refusal) else ""
                    raise ServiceError(
                        f"Snowflake was refused {', '.join(refusal.actions)} on {location}{waited} ({refusal.words})",
                        hint=refusal.advice(trust_holds=holds),
                    )
        return TrustOutputs(iam_user_arn=integration.iam_user_arn, external_id=integration.external_id)

    @cached_property
    def _roles(self) -> RoleTrust:
        # The role must be looked for where the `aws` package made it, and never in whose account it is by default.
        if other := [name for name in _CREDENTIALS_NOT_FOLLOWED if self._config.get(f"aws:{name}")]:
            raise ServiceError(
                f"the trust cannot be written with the credentials of aws:{other[0]}",
                hint="put them into a profile of AWS's own configuration, and name it in aws:profile or AWS_PROFILE",
            )
        return RoleTrust(region=str(self._config.get("aws:region")), profile=self._config.get("aws:profile") or None)


def _wanted(integration: Integration) -> iam.Policy:
    return iam.storage_trust(integration.iam_user_arn, integration.external_id)


def _described(snowflake: SnowflakeClient, spec: TrustSpec) -> Integration:
    does_not_exist = 2003  # Snowflake's number for an object that is not there, or not for this role to see
    try:
        return parse_description(snowflake.query(describe_integration(spec.integration_name)))
    except ServiceError as error:
        if error.status == does_not_exist:
            raise NotFoundError(error.message, status=error.status, hint=_SET_RIGHT_FIRST) from error
        raise
    except ValueError as error:
        raise ServiceError(f"{error} {spec.integration_name}", hint="is it one for S3?") from error


def _write_trust(roles: RoleTrust, spec: TrustSpec, integration: Integration, until: float) -> None:
    """Let the pair in; an IAM user that Snowflake has just made is unknown to IAM elsewhere for some seconds."""

    def write() -> NotYetError | None:
        try:
            roles.write(spec.role_name, _wanted(integration))
        except NotYetError as error:
            return error
        return None

    try:
        if roles.read(spec.role_name) == _wanted(integration):
            return
        refused = patiently(write, until=until, may_pass=lambda error: error is not None)
    except NotFoundError as error:
        raise NotFoundError(error.message, hint=_SET_RIGHT_FIRST) from error
    if refused:
        raise refused


def _refusal(snowflake: SnowflakeClient, spec: TrustSpec, location: str) -> Refusal | None:
    """Have Snowflake list a location, and say why it cannot."""
    reply = str(snowflake.value(validate_integration(spec.integration_name, location)))
    try:
        return parse_validation(reply)
    except ValueError as error:
        raise ServiceError(f"Snowflake's validation of {location} cannot be read ({error})") from error


def _may_pass(refusal: Refusal | None) -> bool:
    """Tell what IAM may still cure, which answers before all of AWS knows, from what Snowflake has settled itself."""
    return refusal is not None and refusal.cause is not Cause.LOCATION


class StorageTrust(Resource, module="landing", name="StorageTrust"):
    """The closed trust loop between a storage integration and the role that it reads with."""

    iam_user_arn: pulumi.Output[str]
    external_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        integration_name: pulumi.Input[str],
        integration_external_id: pulumi.Input[str],
        role_name: pulumi.Input[str],
        role_arn: pulumi.Input[str],
        locations: Sequence[pulumi.Input[str]],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            StorageTrustProvider(),
            resource_name,
            {
                "integration_name": integration_name,
                "integration_external_id": pulumi.Output.secret(integration_external_id),
                "role_name": role_name,
                "role_arn": role_arn,
                "locations": locations,
                "timeout_seconds": timeout_seconds,
                "iam_user_arn": None,
                "external_id": None,
            },
            # The stack's own external id is a secret, and so is each place that repeats it.
            pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(additional_secret_outputs=["external_id", "integration_external_id"])
            ),
        )
