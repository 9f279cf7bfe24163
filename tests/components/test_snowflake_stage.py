"""Snowflake's side: a role that starts by trusting nobody, a stage that provably reads, and pipes that wait for it."""

from __future__ import annotations

import json

import pytest

from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from components.stage_place import StagePlace
from domain.sections import SnowflakeSettings
from tests.components.landing_pieces import ACCOUNT, BUCKET, a_bucket, answers
from tests.components.recorder import Program, Registered
from tests.stack_values import partner, read_partners

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
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Effect"] == "Deny"
    assert list(role.options.ignoreChanges) == ["assumeRolePolicy"]
    trust = stage.named("snowflake-trust")
    assert trust.inputs["location"] == f"s3://{BUCKET}/partners/"
    assert {"snowflake-access", "snowflake-integration", "snowflake-role"} <= trust.depends_on
    assert "snowflake-trust" in stage.named("snowflake-stage").depends_on


def test_a_pipe_reads_its_own_folder_and_its_table_outlives_it(registered: Program) -> None:
    (skyway,) = read_partners(partner())
    args = PartnerFeedsArgs(partner=skyway, place=PLACE)
    run = registered(lambda: PartnerFeeds("skyway", args), outputs=answers)
    pipe = run.named("skyway-orders-pipe").inputs
    assert '@"LANDING"."RAW"."PARTNERS"/skyway/orders/ ' in pipe["copyStatement"]
    assert pipe["autoIngest"] is True
    assert run.named("skyway-orders-table").options.retainOnDelete


@pytest.mark.parametrize("may_delete", [True, False])
def test_what_holds_data_is_protected_unless_it_may_go(registered: Program, *, may_delete: bool) -> None:
    run = registered(lambda: a_stage(may_delete=may_delete), outputs=answers)
    kept = {resource.name for resource in run.resources if resource.options.protect}
    wanted = {"landing-bucket", "landing-key", "snowflake-database", "snowflake-schema"}
    assert kept == (set() if may_delete else wanted)
