"""A partner sends files with a malformed row: what the operator is told of them, while the good ones load."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import tenacity
from pulumi import automation as auto

from tools.flow_runs import FlowRun, run_deployment
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

BUCKET = "landing-dev-partners"
ROW = "2013,1,1,517,515,NA,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n"
CSV = "header\n" + ROW + ROW
EVENTS = '"LANDING"."RAW"."SKYWAY_EVENTS"'
Config = dict[str, Any]


@pytest.fixture(scope="module")
def stack(project: Project) -> Generator[auto.Stack]:
    """Give dev with a second feed, in JSON, and somebody who is told of failed loads."""

    def change(config: Config) -> None:
        columns = [{"name": "ID", "type": "NUMBER(38,0)"}]
        config["landing:partners"][0]["feeds"].append({"name": "events", "format": "json", "columns": columns})
        config["landing:snowflake"]["errorIntegration"] = "LANDING_ERRORS"

    made = project.stack("dev", change)
    made.up()
    yield made
    project.stack("dev")
    made.destroy()


def put(project: Project, **files: str) -> list[str]:
    """Deliver files to a feed of skyway's; give their keys."""
    for name, text in files.items():
        feed, _, own = name.partition("__")
        kind = "csv" if feed == "flights" else "json"
        project.aws("s3").put_object(Bucket=BUCKET, Key=f"partners/skyway/{feed}/{own}.{kind}", Body=text.encode())
    return [f"partners/skyway/{name.replace('__', '/')}.{'csv' if 'flights' in name else 'json'}" for name in files]


def reconcile(project: Project, stack: auto.Stack, feed: str, keys: list[str]) -> FlowRun:
    flow = stack.outputs()["flows"].value[f"skyway-{feed}"]
    return run_deployment(f"{project.home.url('prefect')}/api", flow["id"], {"keys": keys})


def test_a_csv_file_with_a_row_that_was_cut_off_is_told_by_file_line_and_reason(
    project: Project, stack: auto.Stack
) -> None:
    keys = put(project, flights__good=CSV, flights__broken=CSV + ROW[:40])
    run = reconcile(project, stack, "flights", keys)
    assert run.state_type == "FAILED"
    told = run.message
    assert "1 of 2 files differs: 2 of 5 rows are loaded" in told
    assert (
        f"s3://{BUCKET}/partners/skyway/flights/broken.csv: load failed, 0 of 3 rows; line 4, column "
        '"SKYWAY_FLIGHTS"["LOADED_ROW":21]: Numeric value \'a row of more or fewer than 19 fields, which begins '
        "with 2013' is not recognized"
    ) in told
    assert "The load went on without them. Have them sent again, mended." in told
    assert project.sql('SELECT COUNT(*) AS N FROM "LANDING"."RAW"."SKYWAY_FLIGHTS"') == [{"n": 2}]


def test_the_query_that_the_operator_is_given_lists_every_fault(project: Project, stack: auto.Stack) -> None:
    keys = put(project, events__good='{"id": 1}', events__broken='{"id": 2}\n{"id": "x"}\n{"id": "y"}\n')
    run = reconcile(project, stack, "events", keys)
    assert run.state_type == "FAILED"
    assert "events/broken.json: load failed, 0 of 3 rows; 2 faulty, the first in line 2" in run.message
    faults = project.sql("SELECT" + run.message.rpartition("All their faults: SELECT")[2])
    assert [(fault["file"], fault["line"]) for fault in faults] == [
        ("partners/skyway/events/broken.json", n) for n in (2, 3)
    ]
    assert project.sql(f"SELECT ID FROM {EVENTS}") == [{"id": 1}]  # noqa: S608  # a constant


@pytest.mark.usefixtures("stack")
def test_each_feeds_pipe_tells_the_error_integration(project: Project) -> None:
    pipes = {str(row["name"]): row["error_integration"] for row in project.sql("SHOW PIPES IN SCHEMA LANDING.RAW")}
    assert pipes["SKYWAY_FLIGHTS"] == pipes["SKYWAY_EVENTS"] == "LANDING_ERRORS"


def test_a_mended_file_of_the_same_name_is_loaded(project: Project, stack: auto.Stack) -> None:
    keys = put(project, flights__broken=CSV + ROW)

    @tenacity.retry(wait=tenacity.wait_fixed(0.2), stop=tenacity.stop_after_delay(60), reraise=True)
    def loaded() -> None:
        assert project.sql('SELECT COUNT(*) AS N FROM "LANDING"."RAW"."SKYWAY_FLIGHTS"') == [{"n": 5}]

    loaded()
    assert reconcile(project, stack, "flights", keys).state_type == "COMPLETED"
