"""Storage integrations and the external stages that go through them."""

from __future__ import annotations

from sandbox.plugins.compare import same
from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.sql import comment, quoted, same_name, text, texts, unquoted
from sandbox.plugins.table import COMPUTED, FORCE_NEW, PLAIN, Property, Row
from sandbox.plugins.wire import Properties

_BLOCKED = "storageBlockedLocations"
_ACL = "storageAwsObjectAcl"


def _create_integration(snowflake: Snowflake, inputs: Properties) -> str:
    name = quoted(inputs["name"])
    external = inputs.get("storageAwsExternalId")
    snowflake.run(
        f"CREATE STORAGE INTEGRATION {name} TYPE = EXTERNAL_STAGE"
        f" STORAGE_PROVIDER = {text(inputs['storageProvider'])}"
        f" STORAGE_AWS_ROLE_ARN = {text(inputs['storageAwsRoleArn'])}"
        + (f" STORAGE_AWS_EXTERNAL_ID = {text(external)}" if external else "")
        + (f" STORAGE_AWS_OBJECT_ACL = {text(inputs[_ACL])}" if inputs.get(_ACL) else "")
        + f" ENABLED = {str(inputs['enabled']).lower()}"
        + f" STORAGE_ALLOWED_LOCATIONS = {texts(inputs['storageAllowedLocations'])}"
        + (f" STORAGE_BLOCKED_LOCATIONS = {texts(inputs[_BLOCKED])}" if inputs.get(_BLOCKED) else "")
        + comment(inputs)
    )
    return name


def _read_integration(snowflake: Snowflake, identifier: str) -> Properties | None:
    (name,) = unquoted(identifier)
    row = snowflake.find(f"SHOW STORAGE INTEGRATIONS LIKE {text(name)}", name)
    if row is None:
        return None
    about = {
        row["property"]: row["property_value"] or ""
        for row in snowflake.run(f"DESCRIBE STORAGE INTEGRATION {quoted(name)}")
    }
    described: Properties = {
        "enabled": about.get("ENABLED", "").lower() == "true",
        "provider": about.get("STORAGE_PROVIDER", ""),
        "allowedLocations": _locations(about.get("STORAGE_ALLOWED_LOCATIONS", "")),
        "blockedLocations": _locations(about.get("STORAGE_BLOCKED_LOCATIONS", "")),
        "iamUserArn": about.get("STORAGE_AWS_IAM_USER_ARN", ""),
        "roleArn": about.get("STORAGE_AWS_ROLE_ARN", ""),
        "externalId": about.get("STORAGE_AWS_EXTERNAL_ID", ""),
        "objectAcl": about.get("STORAGE_AWS_OBJECT_ACL", ""),
        "comment": about.get("COMMENT", ""),
    }
    return {
        "name": name,
        "fullyQualifiedName": quoted(name),
        "enabled": described["enabled"],
        "storageProvider": described["provider"],
        "storageAllowedLocations": described["allowedLocations"],
        _BLOCKED: described["blockedLocations"],
        "storageAwsRoleArn": described["roleArn"],
        "storageAwsExternalId": described["externalId"],
        _ACL: described["objectAcl"] or None,
        "comment": described["comment"] or None,
        "describeOutputs": [described],
    }


def _locations(listed: str) -> list[str]:
    return [location.strip() for location in listed.split(",") if location.strip()]


def _update_integration(snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    clauses = {
        "enabled": f"ENABLED = {str(inputs['enabled']).lower()}",
        "storageAwsRoleArn": f"STORAGE_AWS_ROLE_ARN = {text(inputs['storageAwsRoleArn'])}",
        "storageAllowedLocations": f"STORAGE_ALLOWED_LOCATIONS = {texts(inputs['storageAllowedLocations'])}",
    }
    if inputs.get("storageAwsExternalId"):
        clauses["storageAwsExternalId"] = f"STORAGE_AWS_EXTERNAL_ID = {text(inputs['storageAwsExternalId'])}"
    if inputs.get(_BLOCKED):
        clauses[_BLOCKED] = f"STORAGE_BLOCKED_LOCATIONS = {texts(inputs[_BLOCKED])}"
    if inputs.get(_ACL):
        clauses[_ACL] = f"STORAGE_AWS_OBJECT_ACL = {text(inputs[_ACL])}"
    if inputs.get("comment"):
        clauses["comment"] = comment(inputs).strip()
    changed = [clause for name, clause in clauses.items() if not same(state.get(name), inputs.get(name))]
    if changed:
        snowflake.run(f"ALTER STORAGE INTEGRATION {identifier} SET {' '.join(changed)}")
    unset = {_BLOCKED: "STORAGE_BLOCKED_LOCATIONS", _ACL: "STORAGE_AWS_OBJECT_ACL", "comment": "COMMENT"}
    for name, parameter in unset.items():
        if state.get(name) and not inputs.get(name):
            snowflake.run(f"ALTER STORAGE INTEGRATION {identifier} UNSET {parameter}")


def _delete_integration(snowflake: Snowflake, identifier: str, _state: Properties) -> None:
    snowflake.run(f"DROP STORAGE INTEGRATION IF EXISTS {identifier}")


def _integration_clause(inputs: Properties) -> str:
    integration = inputs.get("storageIntegration")
    return f" STORAGE_INTEGRATION = {quoted(*unquoted(integration))}" if integration else ""


def _create_stage(snowflake: Snowflake, inputs: Properties) -> str:
    identifier = quoted(*unquoted(inputs["database"]), *unquoted(inputs["schema"]), inputs["name"])
    snowflake.run(
        f"CREATE STAGE {identifier} URL = {text(inputs['url'])}{_integration_clause(inputs)}{comment(inputs)}"
    )
    return identifier


def _read_stage(snowflake: Snowflake, identifier: str) -> Properties | None:
    database, schema, name = unquoted(identifier)
    row = snowflake.find(f"SHOW STAGES LIKE {text(name)} IN SCHEMA {quoted(database, schema)}", name)
    if row is None:
        return None
    return {
        "name": name,
        "database": database,
        "schema": schema,
        "fullyQualifiedName": quoted(database, schema, name),
        "url": row["url"],
        "storageIntegration": row.get("storage_integration") or None,
        "comment": row.get("comment") or None,
        "cloud": row.get("cloud") or None,
        "stageType": row.get("type") or None,
    }


def _update_stage(snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    clauses = {"url": f" URL = {text(inputs['url'])}", "storageIntegration": _integration_clause(inputs)}
    changed = "".join(clause for name, clause in clauses.items() if state.get(name) != inputs.get(name))
    if changed:
        snowflake.run(f"ALTER STAGE {identifier} SET{changed}")
    if state.get("comment") != inputs.get("comment"):
        snowflake.run(f"ALTER STAGE {identifier} SET COMMENT = {text(inputs.get('comment', ''))}")


def _delete_stage(snowflake: Snowflake, identifier: str, _state: Properties) -> None:
    snowflake.run(f"DROP STAGE IF EXISTS {identifier}")


ROWS: tuple[Row[Snowflake], ...] = (
    Row(
        type="snowflake:index/storageIntegrationAws:StorageIntegrationAws",
        properties={
            "name": FORCE_NEW,
            "enabled": PLAIN,
            "storageProvider": FORCE_NEW,
            "storageAllowedLocations": PLAIN,
            _BLOCKED: PLAIN,
            "storageAwsRoleArn": PLAIN,
            "storageAwsExternalId": COMPUTED,
            _ACL: PLAIN,
            "comment": PLAIN,
        },
        create=_create_integration,
        read=_read_integration,
        update=_update_integration,
        delete=_delete_integration,
        auto_name="name",
    ),
    Row(
        type="snowflake:index/stageExternalS3:StageExternalS3",
        properties={
            "name": FORCE_NEW,
            "database": Property(replaces=True, same=same_name),
            "schema": Property(replaces=True, same=same_name),
            "url": PLAIN,
            "storageIntegration": Property(same=same_name),
            "comment": PLAIN,
        },
        create=_create_stage,
        read=_read_stage,
        update=_update_stage,
        delete=_delete_stage,
        auto_name="name",
    ),
)
