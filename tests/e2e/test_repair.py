"""Pipes that have to be made anew, while files come: each file is loaded once, whatever was changed by whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any, cast

import pytest
import tenacity
import yaml
from pulumi import automation as auto

from tools.rehearsal import CHECKOUT, Project

pytestmark = pytest.mark.e2e

BUCKET = "landing-dev-partners"
HOME = '"LANDING"."RAW"'
TABLE = f'{HOME}."SKYWAY_FLIGHTS"'
ROW = "2013,1,1,517,515,NA,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n"
Config = dict[str, Any]


@pytest.fixture(scope="module")
def stack(project: Project) -> Generator[auto.Stack]:
    made = project.stack("dev")
    made.up()
    yield made
    project.stack("dev")
    made.destroy()


def put(project: Project, name: str) -> None:
    config = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())["config"]
    header = ",".join(column["name"] for column in config["landing:partners"][0]["feeds"][0]["columns"])
    key = f"partners/skyway/flights/{name}"
    project.aws("s3").put_object(Bucket=BUCKET, Key=key, Body=f"{header}\n{ROW}".encode())


@tenacity.retry(wait=tenacity.wait_fixed(0.2), stop=tenacity.stop_after_delay(30), reraise=True)
def await_each_once(project: Project, *names: str) -> None:
    rows = project.sql(f"SELECT LOADED_FILE, COUNT(*) AS N FROM {TABLE} GROUP BY 1")  # noqa: S608  # a constant
    assert {str(row["loaded_file"]): row["n"] for row in rows} == {
        f"partners/skyway/flights/{name}": 1 for name in names
    }


def state_of(project: Project) -> str:
    (row,) = project.sql(f"SELECT SYSTEM$PIPE_STATUS('{TABLE}') AS S")
    return str(cast("dict[str, object]", json.loads(str(row["s"])))["executionState"])


def copies_otherwise(config: Config) -> None:
    config["landing:partners"][0]["feeds"][0]["csv"]["nullTexts"] = ["NA", "", "none"]


def is_named_otherwise(config: Config) -> None:
    config["landing:snowflake"] |= {"stage": "INBOX", "storageIntegration": "OTHER_S3"}


def drop_the_stage(project: Project) -> None:
    project.sql(f'DROP STAGE {HOME}."PARTNERS"')


def make_the_integration_anew(project: Project) -> None:
    role = project.aws("iam").get_role(RoleName="landing-dev-snowflake-stage")["Role"]["Arn"]
    project.sql('DROP STORAGE INTEGRATION "LANDING_S3"')
    project.sql(
        "CREATE STORAGE INTEGRATION \"LANDING_S3\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
        f"STORAGE_AWS_ROLE_ARN = '{role}' "
        f"STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/partners/', 's3://{BUCKET}/canary/')"
    )


def test_each_file_is_loaded_once_through_every_repair(project: Project, stack: auto.Stack) -> None:
    put(project, "a.csv")
    await_each_once(project, "a.csv")
    by_hand: list[Callable[[Project], None]] = [drop_the_stage, make_the_integration_anew]
    loaded = ["a.csv"]
    for number, break_something in enumerate(by_hand):
        break_something(project)
        loaded.append(f"by-hand-{number}.csv")
        put(project, loaded[-1])
        stack.refresh()
        stack.up()
        await_each_once(project, *loaded)
        assert state_of(project) == "RUNNING"
        stack.preview(expect_no_changes=True)
    for number, change in enumerate((copies_otherwise, is_named_otherwise)):
        project.stack("dev", change)
        loaded.append(f"by-config-{number}.csv")
        put(project, loaded[-1])
        stack.up()
        await_each_once(project, *loaded)
        assert state_of(project) == "RUNNING"
        stack.preview(expect_no_changes=True)
