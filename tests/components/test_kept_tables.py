"""Tables that are in the state keep their order; those in Snowflake alone are imported; nothing is asked needlessly."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs

from clients.errors import ServiceError, UnreachableError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from components.earlier_deployment import EarlierDeployment
from components.kept_tables import KnownTables
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.stage_place import StagePlace
from domain.copy_statement import copy_statement
from domain.partner_files import PartnerEntries
from domain.sections import SnowflakeSettings
from domain.snowflake_sql import SchemaName
from tests.components.landing_pieces import answers
from tests.components.recorder import Program, Registered
from tests.stack_values import partner, read_partners

HOME = SchemaName(database="LANDING", schema="RAW")
PLACE = StagePlace(database="LANDING", schema="RAW", stage="PARTNERS")
SKYWAY = read_partners(partner())
COLUMNS = {"LOADED_FILE": "VARCHAR(16777216)", "LOADED_ROW": "NUMBER(38,0)", "LOADED_AT": "TIMESTAMP_LTZ(9)"}
ID = "LANDING|RAW|SKYWAY_ORDERS"
Answer = Callable[[str], list[dict[str, object]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[str]]:
    """Let Snowflake answer; the statements that it was asked join the list that this gives."""

    def stand_in(answer: Answer) -> list[str]:
        statements: list[str] = []

        class Client:
            def query(self, statement: str) -> list[dict[str, object]]:
                statements.append(statement)
                return answer(statement)

        @contextmanager
        def connected(account: SnowflakeAccount) -> Generator[Client]:
            assert account.user == "LANDING"
            yield Client()

        monkeypatch.setattr(SnowflakeClient, "connected", connected)
        for name in ("ORGANIZATION_NAME", "ACCOUNT_NAME", "USER", "PASSWORD"):
            monkeypatch.setenv(f"SNOWFLAKE_{name}", "LANDING")
        return statements

    return stand_in


def holding(table: Mapping[str, str] = COLUMNS, pipe: str | None = None) -> Answer:
    """Answer as an account that has the table, and the pipe where it is given."""

    def answer(statement: str) -> list[dict[str, object]]:
        shown: dict[str, list[dict[str, object]]] = {
            'SHOW TABLES IN SCHEMA "LANDING"."RAW"': [{"name": "SKYWAY_ORDERS"}, {"name": "OTHER"}],
            'SHOW PIPES IN SCHEMA "LANDING"."RAW"': [
                {"name": "OTHER", "definition": ""},
                *([{"name": "SKYWAY_ORDERS", "definition": pipe}] if pipe else []),
            ],
            'DESCRIBE TABLE "LANDING"."RAW"."SKYWAY_ORDERS" TYPE = COLUMNS': [
                {"name": name, "type": type_} for name, type_ in table.items()
            ],
        }
        return shown[statement]

    return answer


def refusing(error: ServiceError) -> Answer:
    def answer(_statement: str) -> list[dict[str, object]]:
        raise error

    return answer


def state(*kinds: str) -> Callable[[MockCallArgs], dict[str, Any]]:
    """Answer as an engine whose state has the table or the pipe."""

    def answer(args: MockCallArgs) -> dict[str, Any]:
        assert args.token == "pulumi:pulumi:readStackResourceOutputs"
        assert args.args == {"stackName": "organization/landing/test"}  # pyright: ignore[reportUnknownMemberType]  # a dict
        outputs = {"id": ID, "columns": [{"name": name} for name in ("LOADED_AT", "GONE")]}
        return {"outputs": {kind: {"type": f"snowflake:index/{kind}", "outputs": outputs} for kind in kinds}}

    return answer


def program() -> None:
    known = KnownTables.look(SnowflakeSettings(), SKYWAY, EarlierDeployment.read())
    known.refuse_strangers(PartnerEntries(entries=[]))
    PartnerFeeds(
        "skyway", PartnerFeedsArgs(partner=SKYWAY[0], place=PLACE, earlier_columns=known.columns, kept=known.kept)
    )


def ids(run: Registered) -> tuple[str, str]:
    return run.named("skyway-orders-table").options.importId, run.named("skyway-orders-pipe").options.importId


def columns(run: Registered) -> list[str]:
    return [column["name"] for column in run.named("skyway-orders-table").inputs["columns"]]


COPY = copy_statement(
    HOME, table="SKYWAY_ORDERS", stage="PARTNERS", path="skyway/orders/", feed=read_partners(partner())[0].feeds[0]
)


def test_a_table_that_is_there_is_imported_with_its_columns_first(
    registered: Program, asked: Callable[[Answer], list[str]]
) -> None:
    asked(holding())
    run = registered(program, outputs=answers, calls=state())
    assert ids(run) == (ID, "")
    assert columns(run) == [*COLUMNS, "ID"]


def test_a_pipe_that_is_there_is_imported_too(registered: Program, asked: Callable[[Answer], list[str]]) -> None:
    asked(holding(pipe=COPY))
    assert ids(registered(program, outputs=answers, calls=state())) == (ID, ID)
    assert ids(registered(program, outputs=answers, calls=state("table:Table"))) == ("", ID)
    assert ids(registered(program, outputs=answers, calls=state("pipe:Pipe"))) == (ID, "")


def test_what_is_in_the_state_keeps_its_order_and_nothing_is_asked(
    registered: Program, asked: Callable[[Answer], list[str]]
) -> None:
    statements = asked(holding(pipe=COPY))
    run = registered(program, outputs=answers, calls=state("table:Table", "pipe:Pipe"))
    assert ids(run) == ("", "")
    assert columns(run) == ["LOADED_AT", "ID", "LOADED_FILE", "LOADED_ROW"]
    assert statements == []


def test_a_stranger_ends_the_program_with_the_key_as_it_was_typed(
    registered: Program, asked: Callable[[Answer], list[str]]
) -> None:
    asked(holding(table={"ID": "DATE"}, pipe="COPY INTO OTHER"))
    with pytest.raises(pulumi.RunError) as caught:
        registered(program, outputs=answers, calls=state())
    assert str(caught.value).startswith("2 faults in the stack's configuration:\n  landing:partners[0].feeds[0].name: ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ServiceError("Snowflake refused SHOW TABLES", status=2043), False),
        (ServiceError("Snowflake refused SHOW TABLES", status=2003), False),
        (ServiceError("Snowflake refused DESCRIBE TABLE", status=3001), True),
        (UnreachableError("Snowflake does not answer"), True),
    ],
)
def test_what_cannot_be_asked_is_said_and_goes_on(
    registered: Program,
    asked: Callable[[Answer], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    error: ServiceError,
    *,
    said: bool,
) -> None:
    asked(refusing(error))
    notes: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", notes.append)
    assert ids(registered(program, outputs=answers, calls=state())) == ("", "")
    assert [str(error) in note for note in notes] == [True] * said


def test_a_preview_without_credentials_says_what_it_lacks(
    registered: Program, asked: Callable[[Answer], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = asked(holding())
    monkeypatch.delenv("SNOWFLAKE_PASSWORD")
    notes: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", notes.append)
    assert ids(registered(program, outputs=answers, calls=state())) == ("", "")
    assert statements == []
    (note,) = notes
    assert "without snowflake:privateKey or SNOWFLAKE_PASSWORD" in note
