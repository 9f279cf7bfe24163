"""A storage integration as Snowflake tells of it: who comes for the objects, and what keeps it from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from domain.snowflake_sql import quote_identifier, quote_text

ACTION = "list"
"""What Snowflake is asked to try: it needs no file to be there, and leaves none."""


def describe_integration(name: str) -> str:
    """Write the statement that tells an integration's IAM user and external id."""
    return f"DESCRIBE STORAGE INTEGRATION {quote_identifier(name)}"


def validate_integration(name: str, location: str) -> str:
    """Write the statement by which Snowflake itself tries to list `location` (`s3://...`, closing slash)."""
    arguments = ", ".join(quote_text(text) for text in (name, location, "landing-zone", ACTION))
    return f"SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION({arguments})"


@dataclass(frozen=True, kw_only=True)
class Integration:
    """An integration: as whom Snowflake comes, which role it takes, and where it may go."""

    iam_user_arn: str
    external_id: str = field(repr=False)
    role_arn: str
    enabled: bool
    allowed_locations: tuple[str, ...]
    blocked_locations: tuple[str, ...] = ()
    """Where it may not go, although it is allowed to."""

    def obstacle(self, role_arn: str, locations: Sequence[str]) -> str:
        """Say what in the integration itself keeps it from reading `locations` with the role; empty when nothing."""
        if self.role_arn != role_arn:
            return f"it uses the role {self.role_arn}, not {role_arn}"
        if not self.enabled:
            return "it is not enabled"
        outside = [location for location in locations if not self._allows(location)]
        if outside:
            return f"it does not allow {', '.join(outside)}"
        blocked = [each for each in self.blocked_locations for wanted in locations if _overlap(each, wanted)]
        return f"it blocks {', '.join(dict.fromkeys(blocked))}" if blocked else ""

    def _allows(self, location: str) -> bool:
        return any(allowed == "*" or location.startswith(allowed) for allowed in self.allowed_locations)


def _overlap(blocked: str, wanted: str) -> bool:
    """Say whether a blocked location is around a wanted one or inside it."""
    return wanted.startswith(blocked) or blocked.startswith(wanted)


def parse_description(rows: Sequence[dict[str, object]]) -> Integration:
    """Read the reply to `describe_integration`.

    Raises ValueError that names the properties that are not in the reply.
    """
    properties = {str(row.get("property")): str(row.get("property_value") or "") for row in rows}
    wanted = ("STORAGE_AWS_IAM_USER_ARN", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_ROLE_ARN", "ENABLED")
    if missing := [name for name in wanted if not properties.get(name)]:
        raise ValueError(f"the description of the integration lacks {', '.join(missing)}")
    user, external_id, role, enabled = (properties[name] for name in wanted)
    return Integration(
        iam_user_arn=user,
        external_id=external_id,
        role_arn=role,
        enabled=enabled.lower() == "true",
        allowed_locations=_listed(properties, "STORAGE_ALLOWED_LOCATIONS"),
        blocked_locations=_listed(properties, "STORAGE_BLOCKED_LOCATIONS"),
    )


def _listed(properties: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, (location.strip() for location in properties.get(name, "").split(","))))


class Cause(Enum):
    """What is likely behind a refusal, by Snowflake's own words."""

    TRUST = "the trust"
    KEY = "the key"
    LOCATION = "the location"
    BUCKET = "the bucket"
    ACCESS = "the access"
    UNKNOWN = "unknown"


_TELLTALES = (
    ("not allowed by integration", Cause.LOCATION),
    ("storage_allowed_locations", Cause.LOCATION),
    ("kms", Cause.KEY),
    ("assuming", Cause.TRUST),
    ("assumerole", Cause.TRUST),
    ("externalid", Cause.TRUST),
    ("nosuchbucket", Cause.BUCKET),
    ("permanentredirect", Cause.BUCKET),
    ("accessdenied", Cause.ACCESS),
    ("access denied", Cause.ACCESS),
)
"""Words of Snowflake's messages, the more particular ones first: a refusal by KMS is an "access denied" as well."""


_ADVICE = {
    Cause.TRUST: "likely propagation: IAM has the right trust, and AWS spreads it within minutes; run `pulumi up` "
    "again, or raise landing:snowflake.trustTimeoutSeconds",
    Cause.KEY: "likely KMS: the role's policy, or the key's, does not allow kms:Decrypt with the bucket's key",
    Cause.LOCATION: "likely the location: not among the integration's STORAGE_ALLOWED_LOCATIONS; run "
    "`pulumi up --refresh`, which sets them right",
    Cause.BUCKET: "likely the bucket: it is not there, or in another region",
    Cause.ACCESS: "likely the role's policy: it, or the bucket's, does not allow s3:ListBucket below the location",
    Cause.UNKNOWN: "check the trust, the policies of the role and the key, and that the bucket is there",
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why Snowflake cannot reach a location."""

    actions: tuple[str, ...]
    """What it tried in vain, such as LIST."""
    words: str
    """Snowflake's own."""

    @property
    def cause(self) -> Cause:
        """What is likely behind it."""
        lowered = self.words.lower()
        return next((cause for telltale, cause in _TELLTALES if telltale in lowered), Cause.UNKNOWN)

    def advice(self, *, trust_holds: bool) -> str:
        """Say the likely cause and what to do; `trust_holds` is whether IAM still shows the trust that is wanted."""
        if self.cause is Cause.TRUST and not trust_holds:
            return "likely the trust: somebody else changed it meanwhile; run `pulumi up` again"
        return _ADVICE[self.cause]


def parse_validation(text: str) -> Refusal | None:
    """Read the JSON reply to `validate_integration`; None is success. Raises ValueError for another kind of reply."""
    reply: object = json.loads(text)
    if not isinstance(reply, dict):
        raise ValueError(f"Snowflake's validation is no object: {text[:80]!r}")  # noqa: TRY004  # of the reply, not of a type
    told = cast("dict[str, Any]", reply)
    if str(told.get("status", "")).lower() == "success":
        return None
    actions = cast("dict[str, dict[str, Any]]", told.get("actions") or {})
    refused = {name: about for name, about in actions.items() if str(about.get("status", "")).lower() != "success"}
    words = dict.fromkeys(" ".join(str(about["message"]).split()) for about in refused.values() if about.get("message"))
    return Refusal(
        actions=tuple(refused) or (ACTION.upper(),),
        words="; ".join(words) or str(told.get("message") or text),
    )
