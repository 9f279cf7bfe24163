"""CREATE, ALTER, DROP, SHOW and DESCRIBE of storage integrations."""

from __future__ import annotations

import secrets
from dataclasses import replace

from sandbox.snowflake.errors import SnowflakeError, invalid_value, missing, unsupported
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import IAM_USER_ARN, Integration
from sandbox.snowflake.reply import Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement, Value
from sandbox.snowflake.statements.clauses import (
    drop_kept,
    flag_of,
    read_creation,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
    texts_of,
)

_INTEGRATIONS = columns("name type category enabled comment created_on")
_DESCRIPTION = columns("property property_type property_value property_default")
_SETTABLE = {
    "ENABLED", "STORAGE_AWS_ROLE_ARN", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_OBJECT_ACL", "STORAGE_ALLOWED_LOCATIONS",
    "STORAGE_BLOCKED_LOCATIONS", "USE_PRIVATELINK_ENDPOINT", "COMMENT",
}  # fmt: skip
_UNSETTABLE = {"ENABLED", "STORAGE_BLOCKED_LOCATIONS", "STORAGE_AWS_EXTERNAL_ID", "STORAGE_AWS_OBJECT_ACL", "COMMENT"}
_REQUIRED = ("STORAGE_PROVIDER", "ENABLED", "STORAGE_ALLOWED_LOCATIONS", "STORAGE_AWS_ROLE_ARN")


def create_integration(session: Session, statement: Statement) -> Reply:
    """CREATE STORAGE INTEGRATION: gets an external id of its own unless one is given."""
    creation = read_creation(statement, "STORAGE", "INTEGRATION")
    name = Name(creation.name)
    properties = read_properties(statement, "INTEGRATION", {"TYPE", "STORAGE_PROVIDER", *_SETTABLE})
    if text_of(properties, "TYPE").upper() != "EXTERNAL_STAGE":
        raise invalid_value(properties.get("TYPE", ""), "TYPE")
    for needed in _REQUIRED:
        if needed not in properties:
            raise SnowflakeError(2029, "42601", f"SQL compilation error:\nMissing option(s): [{needed}]")
    if text_of(properties, "STORAGE_PROVIDER").upper() != "S3":
        raise unsupported(f"STORAGE_PROVIDER = {properties['STORAGE_PROVIDER']}")
    if settled := creation.settle(name, exists=session.store.find(Integration, name) is not None):
        return settled
    blank = Integration(name=name, role_arn="", external_id=_new_external_id(), allowed_locations=())
    session.store.put(_with(blank, properties))
    return status(f"Integration {name.own} successfully created.")


def alter_integration(session: Session, statement: Statement) -> Reply:
    """ALTER [STORAGE] INTEGRATION .. SET or UNSET."""
    kind = ("STORAGE", "INTEGRATION") if statement.next_is("ALTER", "STORAGE") else ("INTEGRATION",)
    mention = read_mention(statement, "ALTER", *kind)
    name = Name(mention.name)
    kept = session.store.find(Integration, name)
    if settled := mention.settle("Integration", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("UNSET"):
        names = read_unset(statement, "INTEGRATION", _UNSETTABLE)
        fresh: dict[str, Value] = {
            "ENABLED": False,
            "STORAGE_BLOCKED_LOCATIONS": [],
            "STORAGE_AWS_EXTERNAL_ID": _new_external_id(),
            "STORAGE_AWS_OBJECT_ACL": "",
            "COMMENT": "",
        }
        properties = {name: fresh[name] for name in names}
    else:
        statement.expect("SET")
        properties = read_properties(statement, "INTEGRATION", _SETTABLE)
    session.store.put(_with(kept, properties))
    return succeeded()


def drop_integration(session: Session, statement: Statement) -> Reply:
    """DROP [STORAGE] INTEGRATION."""
    kind = ("STORAGE", "INTEGRATION") if statement.next_is("DROP", "STORAGE") else ("INTEGRATION",)
    mention = read_mention(statement, "DROP", *kind)
    statement.end()
    name = Name(mention.name)
    return drop_kept(session, mention, Integration, "Integration", name)


def show_integrations(session: Session, statement: Statement) -> Reply:
    """SHOW [STORAGE] INTEGRATIONS."""
    kind = ("STORAGE", "INTEGRATIONS") if statement.next_is("SHOW", "STORAGE") else ("INTEGRATIONS",)
    listing = read_listing(session, statement, *kind, depth=1)
    kept = {each.name: each for each in session.store.all(Integration)}
    return table(
        _INTEGRATIONS,
        (
            [name.own, "EXTERNAL_STAGE", "STORAGE", kept[name].enabled, kept[name].comment, kept[name].created_on]
            for name in listing.choose(kept)
        ),
    )


def describe_integration(session: Session, statement: Statement) -> Reply:
    """DESCRIBE [STORAGE] INTEGRATION: also the two values that a role's trust needs."""
    statement.accept_any("DESC", "DESCRIBE")
    statement.accept("STORAGE")
    statement.expect("INTEGRATION")
    name = Name(statement.identifiers())
    statement.end()
    kept = session.store.find(Integration, name)
    if kept is None:
        raise missing("Integration", str(name))
    return table(
        _DESCRIPTION,
        [
            ["ENABLED", "Boolean", str(kept.enabled).lower(), "false"],
            ["STORAGE_PROVIDER", "String", "S3", ""],
            ["STORAGE_ALLOWED_LOCATIONS", "List", ",".join(kept.allowed_locations), "[]"],
            ["STORAGE_BLOCKED_LOCATIONS", "List", ",".join(kept.blocked_locations), "[]"],
            ["STORAGE_AWS_IAM_USER_ARN", "String", IAM_USER_ARN, ""],
            ["STORAGE_AWS_ROLE_ARN", "String", kept.role_arn, ""],
            ["STORAGE_AWS_EXTERNAL_ID", "String", kept.external_id, ""],
            ["USE_PRIVATELINK_ENDPOINT", "Boolean", str(kept.use_privatelink).lower(), "false"],
            ["STORAGE_AWS_OBJECT_ACL", "String", kept.object_acl, ""],
            ["COMMENT", "String", kept.comment, ""],
        ],
    )


def _with(kept: Integration, properties: dict[str, Value]) -> Integration:
    allowed = texts_of(properties, "STORAGE_ALLOWED_LOCATIONS") or kept.allowed_locations
    blocked = kept.blocked_locations
    if "STORAGE_BLOCKED_LOCATIONS" in properties:
        blocked = texts_of(properties, "STORAGE_BLOCKED_LOCATIONS")
    for place in (*allowed, *blocked):
        if place != "*" and not place.startswith("s3://"):
            raise invalid_value(place, "STORAGE_ALLOWED_LOCATIONS")
    return replace(
        kept,
        role_arn=text_of(properties, "STORAGE_AWS_ROLE_ARN", kept.role_arn),
        external_id=text_of(properties, "STORAGE_AWS_EXTERNAL_ID", kept.external_id),
        allowed_locations=allowed,
        blocked_locations=blocked,
        enabled=flag_of(properties, "ENABLED", default=kept.enabled),
        object_acl=text_of(properties, "STORAGE_AWS_OBJECT_ACL", kept.object_acl),
        use_privatelink=flag_of(properties, "USE_PRIVATELINK_ENDPOINT", default=kept.use_privatelink),
        comment=text_of(properties, "COMMENT", kept.comment),
    )


def _new_external_id() -> str:
    return f"SANDBOX_SFCRole={secrets.randbelow(9) + 1}_{secrets.token_urlsafe(20)}="
