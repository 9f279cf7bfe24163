"""Snowflake's side: a role that starts by trusting nobody, a stage that provably reads, and pipes that wait for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from pydantic import SecretStr

from components.loading_proof import LoadingProof, LoadingProofArgs
from components.object_events import ObjectEvents, ObjectEventsArgs
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from components.stage_place import StagePlace
from domain.sections import SnowflakeSettings
from tests.components.landing_pieces import ACCOUNT, BUCKET, a_bucket, answers
from tests.components.recorder import Program, Registered, Secret
from tests.stack_values import feed, partner, read_partners

PLACE = StagePlace(database="LANDING", schema="RAW", stage="PARTNERS")


def a_stage(*, may_delete: bool = False) -> None:
    settings = SnowflakeSettings(delete_tables=may_delete)
    args = SnowflakeStageArgs(prefix=ACCOUNT.prefix, bucket=a_bucket(deleteObjects=may_delete), settings=settings)
    SnowflakeStage("snowflake", args)


@pytest.fixture
def stage(registered: Program) -> Registered:
    return registered(a_stage, outputs=answers)


def test_the_role_starts_by_trusting_nobody_and_the_trust_comes_last(stage: Registered) -> None:
    role = stage.named("snowflake-role")
    assert json.loads(role.inputs["assumeRolePolicy"].value)["Statement"][0]["Effect"] == "Deny"
    assert list(role.options.ignoreChanges) == ["assumeRolePolicy"]
    trust = stage.named("snowflake-trust")
    assert trust.inputs["locations"] == [f"s3://{BUCKET}/partners/", f"s3://{BUCKET}/canary/"]
    assert {"snowflake-access", "snowflake-integration", "snowflake-role"} <= trust.depends_on
    assert "snowflake-trust" in stage.named("snowflake-stage").depends_on


def test_a_pipe_reads_its_own_folder_and_its_table_outlives_it(registered: Program) -> None:
    (skyway,) = read_partners(partner())
    args = PartnerFeedsArgs(partner=skyway, place=PLACE)
    run = registered(lambda: PartnerFeeds("skyway", args), outputs=answers)
    pipe = run.named("skyway-orders-pipe").inputs
    assert '@"LANDING"."RAW"."PARTNERS"/skyway/orders/)' in pipe["copyStatement"]
    assert pipe["autoIngest"] is True
    assert run.named("skyway-orders-table").options.retainOnDelete


@pytest.mark.parametrize("may_delete", [True, False])
def test_what_holds_data_is_protected_unless_it_may_go(registered: Program, *, may_delete: bool) -> None:
    run = registered(lambda: a_stage(may_delete=may_delete), outputs=answers)
    kept = {each.name for each in run.resources if each.options.protect and each.name.startswith("snowflake-")}
    assert kept == (set() if may_delete else {"snowflake-database", "snowflake-schema"})


def test_a_table_goes_with_its_feed_where_the_entry_says_so(registered: Program) -> None:
    (skyway,) = read_partners(partner(feeds=[feed(drop=True)]))
    run = registered(lambda: PartnerFeeds("skyway", PartnerFeedsArgs(partner=skyway, place=PLACE)), outputs=answers)
    assert not run.named("skyway-orders-table").options.retainOnDelete


def test_a_table_ends_with_where_and_when_and_keeps_its_order(registered: Program) -> None:
    (skyway,) = read_partners(partner())
    known = {"SKYWAY_ORDERS": ["LOADED_FILE", "LOADED_ROW", "LOADED_AT", "GONE"]}
    for earlier, names in ((known, [*known["SKYWAY_ORDERS"][:3], "ID"]), ({}, ["ID", *known["SKYWAY_ORDERS"][:3]])):
        args = PartnerFeedsArgs(partner=skyway, place=PLACE, earlier_columns=earlier)
        run = registered(lambda args=args: PartnerFeeds("skyway", args), outputs=answers)
        columns = run.named("skyway-orders-table").inputs["columns"]
        assert [column["name"] for column in columns] == names


def test_failed_loads_are_told_where_the_settings_name_somebody(registered: Program) -> None:
    (skyway,) = read_partners(partner())
    place = replace(PLACE, error_integration="PAGER")
    run = registered(lambda: PartnerFeeds("skyway", PartnerFeedsArgs(partner=skyway, place=place)), outputs=answers)
    assert run.named("skyway-orders-pipe").inputs["errorIntegration"] == "PAGER"


def test_without_a_probe_nothing_of_the_canary_is_there(registered: Program) -> None:
    def program() -> None:
        settings = SnowflakeSettings(probe=False)
        bucket = a_bucket()
        stage = SnowflakeStage("snowflake", SnowflakeStageArgs(prefix="p", bucket=bucket, settings=settings))
        events = ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn="arn:queue", canaries=False))
        proof = LoadingProofArgs(bucket=bucket, stage=stage, events=events, feeds=[])
        LoadingProof("loading", proof)

    run = registered(program, outputs=answers)
    assert [each.name for each in run.resources if "canary" in each.name or "probe" in each.name] == []
    integration = run.named("snowflake-integration").inputs
    assert integration["storageAllowedLocations"] == [f"s3://{BUCKET}/partners/"]
    (policy,) = (each["policy"] for each in run.inputs_of("aws:iam/rolePolicy:RolePolicy"))
    assert "canary" not in policy
    (queue,) = run.named("events-notification").inputs["queues"]
    assert queue["filterPrefix"] == "partners/"


def test_the_probe_comes_after_all_that_a_file_passes(registered: Program) -> None:
    def program() -> None:
        settings = SnowflakeSettings()
        bucket = a_bucket()
        stage = SnowflakeStage("snowflake", SnowflakeStageArgs(prefix="p", bucket=bucket, settings=settings))
        assert stage.canary
        queue = stage.canary.queue_arn
        events = ObjectEvents("events", ObjectEventsArgs(bucket=BUCKET, queue_arn=queue, canaries=True))
        LoadingProof("loading", LoadingProofArgs(bucket=bucket, stage=stage, events=events, feeds=[]))

    run = registered(program, outputs=answers)
    probe = run.named("loading-probe")
    assert {
        "events-notification",
        "landing-key",
        "snowflake-access-warehouse",
        "snowflake-canary-pipe",
        "snowflake-canary-stage",
        "snowflake-stage",
        "snowflake-trust",
    } <= probe.depends_on
    assert probe.inputs["legs"].keys() == {"key", "trust", "pipe", "events"}


def test_the_roles_have_what_they_need_and_no_more(stage: Registered) -> None:
    grants: dict[str, set[tuple[str, str]]] = {}
    for each in stage.of("snowflake:index/grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole"):
        targets = [each.inputs.get(name) for name in ("onAccountObject", "onSchema", "onSchemaObject")]
        (on,) = cast("list[dict[str, Any]]", [target for target in targets if target])
        of: dict[str, str] = on.get("future") or on.get("all") or {}
        kind: str = of.get("objectTypePlural") or on.get("objectType") or "SCHEMA"
        grants.setdefault(each.inputs["accountRoleName"], set()).update((p, kind) for p in each.inputs["privileges"])
    places = {("USAGE", "WAREHOUSE"), ("USAGE", "DATABASE"), ("USAGE", "SCHEMA")}
    loads = {("USAGE", "INTEGRATION"), ("USAGE", "STAGE"), ("INSERT", "TABLES"), ("SELECT", "TABLES")}
    assert grants == {
        "LANDING_LOADER": places | loads | {("MONITOR", "PIPES"), ("OPERATE", "PIPES")},
        "LANDING_READER": places | {("SELECT", "TABLES")},
    }


def test_the_roles_are_given_to_the_accounts_roles_that_are_named(registered: Program) -> None:
    settings = SnowflakeSettings(loader_granted_to=("SYSADMIN",), reader_granted_to=("SYSADMIN", "Data analysts"))
    run = registered(
        lambda: SnowflakeStage("snowflake", SnowflakeStageArgs(prefix="p", bucket=a_bucket(), settings=settings)),
        outputs=answers,
    )
    given = [each for each in run.resources if each.type == "snowflake:index/grantAccountRole:GrantAccountRole"]
    assert {(each.name, each.inputs["roleName"], each.inputs["parentRoleName"]) for each in given} == {
        ("snowflake-access-loader-to-SYSADMIN", "LANDING_LOADER", "SYSADMIN"),
        ("snowflake-access-reader-to-SYSADMIN", "LANDING_READER", "SYSADMIN"),
        ("snowflake-access-reader-to-Data analysts", "LANDING_READER", "Data analysts"),
    }


def test_rights_on_what_is_there_come_after_those_on_what_will_be(stage: Registered) -> None:
    for role, kinds in (("loader", "tables"), ("loader", "pipes"), ("reader", "tables")):
        there = stage.named(f"snowflake-access-{role}-all-{kinds}")
        assert f"snowflake-access-{role}-future-{kinds}" in there.depends_on


def test_an_external_id_of_ones_own_goes_to_the_integration_as_a_secret(registered: Program) -> None:
    settings = SnowflakeSettings(external_id=SecretStr("ours"))
    run = registered(
        lambda: SnowflakeStage("snowflake", SnowflakeStageArgs(prefix="p", bucket=a_bucket(), settings=settings)),
        outputs=answers,
    )
    integration = run.named("snowflake-integration")
    assert integration.inputs["storageAwsExternalId"] == Secret("ours")
    assert "describeOutputs" in integration.options.additionalSecretOutputs


STACK_FILES = sorted(Path(__file__).parents[2].glob("Pulumi.*.yaml"))


def test_every_stack_names_the_preview_resources_that_the_program_uses(registered: Program) -> None:
    def program() -> None:
        a_stage()
        (skyway,) = read_partners(partner())
        PartnerFeeds("skyway", PartnerFeedsArgs(partner=skyway, place=PLACE))

    whole = registered(program, outputs=answers)
    # Their names, as the official provider wants them named (its documentation, "preview_features_enabled").
    in_preview = {
        "snowflake:index/table:Table": "snowflake_table_resource",
        "snowflake:index/pipe:Pipe": "snowflake_pipe_resource",
    }
    stable = {
        "accountRole:AccountRole",
        "database:Database",
        "grantPrivilegesToAccountRole:GrantPrivilegesToAccountRole",
        "schema:Schema",
        "stageExternalS3:StageExternalS3",
        "storageIntegrationAws:StorageIntegrationAws",
        "warehouse:Warehouse",
    }
    used = {each.type for each in whole.resources if each.type.startswith("snowflake:")}
    assert used - in_preview.keys() == {f"snowflake:index/{name}" for name in stable}, "say whether it is in preview"
    assert len(STACK_FILES) >= 2
    for file in STACK_FILES:
        named = yaml.safe_load(file.read_text())["config"]["snowflake:previewFeaturesEnabled"]
        assert set(named) == {in_preview[type_] for type_ in used & in_preview.keys()}, file.name
