"""A feed that leaves keeps its table; when it comes back, `up` takes the table over, and nothing is loaded twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any

import pytest
import tenacity
from pulumi import automation as auto

from tests.e2e.test_killed_run import kill_up_after
from tools.engine import Engine
from tools.operator_steps import OF_A_PARTNER, OTHER_PARTNERS, Operations, add_a_partner
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

BUCKET = "landing-dev-partners"
TABLE = '"LANDING"."RAW"."HARBOUR_CARGO"'
PORT = {"name": "PORT", "type": "VARCHAR(5)"}
BACK = {
    **{f"create {kind}": count for kind, count in OF_A_PARTNER.items() if kind != "Table"},
    "import Table": 1,
    **OTHER_PARTNERS,
}


@pytest.fixture(scope="module")
def stack(project: Project) -> Generator[auto.Stack]:
    made = project.stack("dev")
    made.up()
    yield made
    project.stack("dev")
    made.destroy()


def put(project: Project, name: str, text: str) -> None:
    project.aws("s3").put_object(Bucket=BUCKET, Key=f"partners/harbour/cargo/{name}.csv", Body=text.encode())


@tenacity.retry(wait=tenacity.wait_fixed(0.2), stop=tenacity.stop_after_delay(30), reraise=True)
def await_rows(project: Project, **rows: int) -> None:
    found = project.sql(f"SELECT LOADED_FILE, COUNT(*) AS N FROM {TABLE} GROUP BY 1")  # noqa: S608  # a constant
    assert {str(row["loaded_file"]).rpartition("/")[2].removesuffix(".csv"): row["n"] for row in found} == rows


def with_a_port(project: Project) -> Callable[[dict[str, Any]], None]:
    """Add the partner, whose files have one more column now, and first."""

    def change(config: dict[str, Any]) -> None:
        add_a_partner(project)(config)
        config["landing:partners"][1]["feeds"][0]["columns"].insert(0, PORT)

    return change


def done_by(stack: auto.Stack) -> dict[str, int]:
    heard = Operations()
    stack.up(on_event=heard.hear)
    return heard.done


def assert_nothing_is_left_to_do(stack: auto.Stack) -> None:
    assert set(stack.preview(expect_no_changes=True).change_summary) == {auto.OpType.SAME}
    stack.refresh(expect_no_changes=True)


def test_a_feed_that_comes_back_has_its_rows_and_loads_what_is_new(project: Project, stack: auto.Stack) -> None:
    project.stack("dev", add_a_partner(project))
    stack.up()
    put(project, "first", "ID\n1\n2\n")
    await_rows(project, first=2)
    project.stack("dev")
    stack.up()
    put(project, "meanwhile", "ID\n3\n")
    project.stack("dev", add_a_partner(project))
    shown = project.pulumi("preview", "--stack", "dev")
    assert re.search(r"= +snowflake:index:Table harbour-cargo-table import *$", shown.stdout, re.MULTILINE)
    assert done_by(stack) == BACK
    await_rows(project, first=2, meanwhile=1)
    put(project, "next", "ID\n4\n")
    await_rows(project, first=2, meanwhile=1, next=1)
    assert_nothing_is_left_to_do(stack)


def test_it_may_come_back_with_more_columns(project: Project, stack: auto.Stack) -> None:
    project.stack("dev")
    stack.up()
    project.stack("dev", with_a_port(project))
    assert done_by(stack) == {**BACK, "update Table": 1}
    put(project, "port", "PORT,ID\nGBLGP,5\n")
    await_rows(project, first=2, meanwhile=1, next=1, port=1)
    assert project.sql(f"SELECT ID FROM {TABLE} WHERE PORT = 'GBLGP'") == [{"id": 5}]  # noqa: S608  # a constant
    assert_nothing_is_left_to_do(stack)


def test_it_may_not_come_back_with_fewer(project: Project, stack: auto.Stack) -> None:
    project.stack("dev")
    stack.up()
    project.stack("dev", add_a_partner(project))
    refused = project.pulumi("preview", "--stack", "dev")
    assert refused.returncode != 0
    told = refused.stdout + refused.stderr
    assert f"landing:partners[1].feeds[0].name: the table {TABLE} is there already" in told
    assert "it has PORT VARCHAR(5), which the feed lacks" in told
    assert "Traceback" not in told
    project.stack("dev", with_a_port(project))
    stack.up()


def test_a_preview_without_credentials_goes_on(project: Project, stack: auto.Stack) -> None:
    def change(config: dict[str, Any]) -> None:
        with_a_port(project)(config)
        config["landing:partners"][1]["feeds"].append({"name": "crew", "columns": [PORT]})

    project.stack("dev", change)
    shown = project.pulumi("preview", "--stack", "dev", SNOWFLAKE_PASSWORD="", SNOWFLAKE_PRIVATE_KEY="")
    told = shown.stdout + shown.stderr
    assert "cannot be looked up: Snowflake cannot be reached without snowflake:privateKey or SNOWFLAKE_PASSWORD" in told
    assert "Traceback" not in told
    del stack


def test_what_a_killed_up_made_and_did_not_write_down_is_taken_over(project: Project, stack: auto.Stack) -> None:
    (pipe,) = (row for row in project.sql('SHOW PIPES IN SCHEMA "LANDING"."RAW"') if row["name"] == "HARBOUR_CARGO")
    project.stack("dev")
    stack.up()
    project.stack("dev", with_a_port(project))
    kill_up_after(project, "harbour-cargo-table import", stack="dev")
    # As if it had been killed a little later.
    project.sql(f"CREATE PIPE {TABLE} AUTO_INGEST = true AS {pipe['definition']}")
    Engine(project.checkout, project.home, "dev").run("cancel", "--yes", "--stack", "dev")
    done = done_by(stack)
    assert done["import Pipe"] == 1
    assert "create Pipe" not in done
    await_rows(project, first=2, meanwhile=1, next=1, port=1)
    assert_nothing_is_left_to_do(stack)
