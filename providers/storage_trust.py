"""The trust loop between Snowflake and AWS: closed, proved and watched.

Snowflake comes for objects as an IAM user of its own, with an external id that belongs to one storage integration. The
role that reads the bucket must trust exactly that pair, which is known only once the integration is there. So this
resource comes after both: it reads the pair, writes the role's trust, and waits until Snowflake itself can list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import tenacity
from pulumi.dynamic import Resource

from clients.aws_roles import RoleTrust
from clients.errors import NotFoundError, ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from domain import iam
from domain.snowflake_sql import (
    IntegrationIdentity,
    Validation,
    describe_integration,
    parse_description,
    parse_validation,
    validate_integration,
)
from providers.typed_provider import Created, Found, StackConfig, TypedProvider

_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 10
_CREDENTIALS_NOT_FOLLOWED = ("accessKey", "assumeRoles", "assumeRoleWithWebIdentity")
"""Ways in that the `aws` package knows by its own settings, and boto3 does not."""


@dataclass(frozen=True, kw_only=True)
class TrustSpec:
    """Which integration may use which role, for which location."""

    integration_name: str
    role_name: str
    role_arn: str
    location: str
    """What Snowflake must be able to list: an `s3://` address with a closing slash."""
    timeout_seconds: int = 180
    """How long to wait, in seconds, until it can."""
    integration_external_id: str = ""
    """What the integration's own resource says: a new one means a new integration, and the loop is closed anew."""
    drift: str = ""
    """Empty as long as the loop is closed; after a refresh it says how it was found open, and `up` closes it."""


@dataclass(frozen=True, kw_only=True)
class TrustOutputs:
    """Whom the role trusts."""

    iam_user_arn: str
    external_id: str


class StorageTrustProvider(TypedProvider[TrustSpec, TrustOutputs]):
    """Reads the pair from Snowflake alone, writes IAM, and believes only what Snowflake then can do."""

    spec_type = TrustSpec
    outputs_type = TrustOutputs
    replaces_on = frozenset({"integration_name", "role_name"})

    def configured(self, config: StackConfig) -> None:
        """Take the official providers' own settings."""
        self._config = config

    def describe(self, spec: TrustSpec) -> str:
        """Name the loop."""
        return f"the trust of role {spec.role_name} in storage integration {spec.integration_name}"

    def create_object(self, spec: TrustSpec) -> Created[TrustOutputs]:
        """Close the loop; closing a closed one changes nothing, so a killed run is simply run again."""
        return Created(id=f"{spec.integration_name}/{spec.role_name}", outputs=self._close(spec))

    def update_object(self, object_id: str, old: TrustSpec, new: TrustSpec) -> TrustOutputs:  # noqa: ARG002  # the base's signature
        """Close the loop again, whatever opened it."""
        return self._close(new)

    def read_object(self, object_id: str, spec: TrustSpec) -> Found[TrustSpec, TrustOutputs] | None:  # noqa: ARG002  # the base's signature
        """Compare both clouds, and tell as drift whatever is off.

        A role or an integration that is not there is drift too: "does not exist" is also what credentials of another
        account, or without the right, are told, and the trust must not drop out of the state for that.
        """
        nobody = TrustOutputs(iam_user_arn="", external_id="")
        try:
            trusted = self._roles().read(spec.role_name)
            with SnowflakeClient.connected(self._account()) as snowflake:
                identity = _identity(snowflake, spec)
        except NotFoundError as error:
            return Found(spec=replace(spec, drift=str(error)), outputs=nobody)
        wanted = iam.storage_trust(identity.iam_user_arn, identity.external_id)
        drift = ""
        if trusted != wanted:
            drift = (
                f"role {spec.role_name} does not trust {identity.iam_user_arn} with the integration's external id alone"
            )
        elif identity.role_arn != spec.role_arn:
            drift = f"integration {spec.integration_name} uses {identity.role_arn}"
        outputs = TrustOutputs(iam_user_arn=identity.iam_user_arn, external_id=identity.external_id)
        found = replace(spec, drift=drift)
        return Found(spec=found, outputs=outputs)

    def delete_object(self, object_id: str, spec: TrustSpec) -> None:  # noqa: ARG002  # the base's signature
        """Leave the role trusting nobody."""
        try:
            self._roles().write(spec.role_name, iam.trust_nobody())
        except NotFoundError:
            return

    def _close(self, spec: TrustSpec) -> TrustOutputs:
        with SnowflakeClient.connected(self._account()) as snowflake:
            identity = _identity(snowflake, spec)
            if identity.role_arn != spec.role_arn:
                raise ServiceError(
                    f"integration {spec.integration_name} uses the role {identity.role_arn}, not {spec.role_arn}",
                    hint="run `pulumi refresh`, then `pulumi up`: the integration is set right first",
                )
            roles = self._roles()
            wanted = iam.storage_trust(identity.iam_user_arn, identity.external_id)
            if roles.read(spec.role_name) != wanted:
                roles.write(spec.role_name, wanted)
            _await_listing(snowflake, spec)
        return TrustOutputs(iam_user_arn=identity.iam_user_arn, external_id=identity.external_id)

    def _account(self) -> SnowflakeAccount:
        return SnowflakeAccount.from_settings(lambda name: self._config.get(f"snowflake:{name}"))

    def _roles(self) -> RoleTrust:
        # The role must be looked for where the `aws` package made it, and never in whose account it is by default.
        if other := [name for name in _CREDENTIALS_NOT_FOLLOWED if self._config.get(f"aws:{name}")]:
            raise ServiceError(
                f"the trust cannot be written with the credentials of aws:{other[0]}",
                hint="put them into a profile of AWS's own configuration, and name it in aws:profile or AWS_PROFILE",
            )
        return RoleTrust(region=str(self._config.get("aws:region")), profile=self._config.get("aws:profile") or None)


def _identity(snowflake: SnowflakeClient, spec: TrustSpec) -> IntegrationIdentity:
    does_not_exist = 2003  # Snowflake's number for an object that is not there, or not for this role to see
    try:
        rows = snowflake.query(describe_integration(spec.integration_name))
    except ServiceError as error:
        if error.status == does_not_exist:
            raise NotFoundError(error.message, status=error.status) from error
        raise
    return parse_description(rows)


def _await_listing(snowflake: SnowflakeClient, spec: TrustSpec) -> None:
    """Wait until Snowflake can list the location: IAM answers before all of AWS knows a new trust."""

    def validate() -> Validation:
        return parse_validation(str(snowflake.value(validate_integration(spec.integration_name, spec.location))))

    def give_up(state: tenacity.RetryCallState) -> Validation:
        last = state.outcome.result() if state.outcome else None
        words = last.message if last else "no answer"
        raise ServiceError(
            f"Snowflake still cannot list {spec.location} after {spec.timeout_seconds} s ({words})",
            hint=_likely_cause(words),
        )

    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda validation: validation.status != "success"),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        stop=tenacity.stop_after_delay(spec.timeout_seconds),
        retry_error_callback=give_up,
    )(validate)


def _likely_cause(words: str) -> str:
    lowered = words.lower()
    if "assumerole" in lowered or "assuming" in lowered:
        return "the role's trust is not in force yet, or was changed by somebody else: run `pulumi up` again"
    if "kms" in lowered:
        return "the role lacks kms:Decrypt on the bucket's key"
    if "location" in lowered:
        return "the location is not among the integration's STORAGE_ALLOWED_LOCATIONS"
    return "check the role's policy on the bucket, and that the bucket is there"


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
        location: pulumi.Input[str],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            StorageTrustProvider(),
            resource_name,
            {
                "integration_name": integration_name,
                "integration_external_id": integration_external_id,
                "role_name": role_name,
                "role_arn": role_arn,
                "location": location,
                "timeout_seconds": timeout_seconds,
                "iam_user_arn": None,
                "external_id": None,
            },
            opts,
        )
