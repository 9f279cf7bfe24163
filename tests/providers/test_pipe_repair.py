"""The binding of a stage and the refresh of its pipes, against a Snowflake that holds what it was told."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any

import pytest

from clients.errors import ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from providers import pipe_pause
from providers.pipe_pause import PipePauseProvider
from providers.pipe_refresh import PipeRefreshProvider
from providers.stage_binding import StageBindingProvider
from providers.typed_provider import ProviderError

NOW = dt.datetime.now(dt.UTC)
LOCATION = "s3://b/partners/"
CONFIG = {
    "snowflake:organizationName": "O",
    "snowflake:accountName": "A",
    "snowflake:user": "U",
    "snowflake:password": "P",
}
BINDING: dict[str, Any] = {
    "database": "D",
    "schema": "S",
    "stage": "PARTNERS",
    "integration": "LANDING_S3",
    "location": LOCATION,
    "trusted": "them",
}
PAUSE: dict[str, Any] = {
    "database": "D",
    "schema": "S",
    "bound": "monday's",
    "pipes": {"ORDERS": "1", "REFUNDS": "1"},
    "timeout_seconds": 30,
}
REFRESH: dict[str, Any] = {
    "database": "D",
    "schema": "S",
    "stage": "PARTNERS",
    "location": LOCATION,
    "warehouse": "W",
    "pipes": {
        "ORDERS": {"path": "a/orders/", "made_of": "1"},
        "REFUNDS": {"path": "a/refunds/", "made_of": "1"},
    },
    "occasions": {"trust": "them", "stop": ""},
}
TIED = 'ALTER STAGE "D"."S"."PARTNERS" SET STORAGE_INTEGRATION = "LANDING_S3"'


@dataclass
class Account:
    """Stages, integrations, pipes and what is loaded."""

    stage_made: str = "monday"
    integration_made: str = "monday"
    pipes: dict[str, str] = field(default_factory=lambda: {"ORDERS": "RUNNING", "REFUNDS": "RUNNING"})
    in_hand: list[int] = field(default_factory=list[int])
    """What a paused pipe still has, look by look."""
    files: dict[str, dt.datetime] = field(default_factory=dict[str, dt.datetime])
    loads: dict[str, str] = field(default_factory=dict[str, str])
    """By address: the status of its load."""
    said: list[str] = field(default_factory=list[str])
    fails_at: int = 0

    def query(self, statement: str, _parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        self.said.append(statement)
        if len(self.said) == self.fails_at:
            raise ServiceError("Snowflake refused it (1: no)")
        replies: dict[str, Callable[[str], list[dict[str, object]]]] = {
            "SHOW STAGES": lambda _: self._made("PARTNERS", self.stage_made),
            "SHOW STORAGE": lambda _: [
                *self._made("LANDINGxS3", "never"),
                *self._made("LANDING_S3", self.integration_made),
            ],
            "SHOW PIPES": lambda _: [{"name": pipe} for pipe in self.pipes],
            "ALTER PIPE": self._alter,
            "LIST": self._list,
            "SELECT": self._history,
        }
        nothing: list[dict[str, object]] = []
        return next((reply(statement) for words, reply in replies.items() if statement.startswith(words)), nothing)

    @staticmethod
    def _made(name: str, moment: str) -> list[dict[str, object]]:
        return [{"name": name, "created_on": moment}] if moment else []

    def _alter(self, statement: str) -> list[dict[str, object]]:
        name = re.findall(r'"([^"]+)"', statement)[-1]
        if "REFRESH" not in statement:
            self.pipes[name] = "PAUSED" if statement.endswith("TRUE") else "RUNNING"
            return []
        prefix = re.findall(r"PREFIX = '(.*)'", statement)[0]
        folder = f"{LOCATION}{REFRESH['pipes'][name]['path']}"
        self.loads |= {url: "Loaded" for url in self.files if url.startswith(folder + prefix)}
        return []

    def _list(self, _statement: str) -> list[dict[str, object]]:
        return [
            {"name": url, "last_modified": format_datetime(moment, usegmt=True)} for url, moment in self.files.items()
        ]

    def _history(self, statement: str) -> list[dict[str, object]]:
        table = re.findall(r'"D"."S"."(\w+)"', statement)[0]
        return [self._row(url, self.loads[url]) for url in self.loads if f"/{table.lower()}/" in url]

    @staticmethod
    def _row(url: str, status: str) -> dict[str, object]:
        told: dict[str, object] = {"file_size": 1, "row_count": 1, "row_parsed": 1, "error_count": 0}
        told |= dict.fromkeys(("first_error_message", "first_error_line_number", "first_error_column_name"))
        name = url.removeprefix(LOCATION)
        return told | {"file_name": name, "stage_location": LOCATION, "status": status, "last_load_time": NOW}

    def value(self, statement: str, _parameters: Sequence[object] = ()) -> object:
        self.said.append(statement)
        (name,) = re.findall(r'"(\w+)"\'\)', statement)
        pending = self.in_hand.pop(0) if self.in_hand else 0
        return json.dumps({"executionState": self.pipes[name], "pendingFileCount": pending})

    def arrives(self, *names: str, days_ago: int = 0) -> None:
        self.files |= {f"{LOCATION}a/{name}": NOW - dt.timedelta(days=days_ago) for name in names}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    held = Account()

    @contextmanager
    def connected(_account: SnowflakeAccount) -> Generator[Account]:
        yield held

    monkeypatch.setattr(SnowflakeClient, "connected", connected)
    monkeypatch.setattr(pipe_pause, "_POLL_SECONDS", 0)
    return held


@pytest.fixture
def binding() -> StageBindingProvider:
    made = StageBindingProvider()
    made.configured(CONFIG)
    return made


@pytest.fixture
def pause() -> PipePauseProvider:
    made = PipePauseProvider()
    made.configured(CONFIG)
    return made


@pytest.fixture
def refresh() -> PipeRefreshProvider:
    made = PipeRefreshProvider()
    made.configured(CONFIG)
    return made


def state(props: dict[str, Any], outs: dict[str, Any] | None) -> dict[str, Any]:
    assert outs is not None
    return {**props, **outs}


def test_a_new_binding_ties_and_tells_what_is_there(account: Account, binding: StageBindingProvider) -> None:
    outs = state(BINDING, binding.create(BINDING).outs)
    assert outs["bound"] == "s3://b/partners/ by the stage of monday and the integration of monday"
    # It is made anew after a refresh that found no integration, and then the stage is still tied to the one before.
    assert [said for said in account.said if said.startswith("ALTER")] == [TIED]
    assert not binding.diff("", outs, BINDING).changes


@pytest.mark.parametrize("made", ["stage_made", "integration_made"])
def test_another_stage_or_integration_is_drift_and_is_bound(
    account: Account, binding: StageBindingProvider, made: str
) -> None:
    outs = state(BINDING, binding.create(BINDING).outs)
    setattr(account, made, "tuesday")
    found = binding.read("", outs).outs
    assert found
    assert found["drift"] == f"was {outs['bound']}"
    again = binding.read("", found).outs
    assert again == found
    assert binding.diff("", found, BINDING).changes
    account.said.clear()
    after = binding.update("", found, BINDING).outs
    assert after
    assert after["bound"] != outs["bound"]
    assert account.said[-1] == TIED
    assert not binding.diff("", after, BINDING).changes


def test_a_pipe_that_is_to_change_finishes_what_it_has_in_hand_and_the_others_run(
    account: Account, pause: PipePauseProvider
) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    assert account.said == []
    account.in_hand = [2, 1, 0]
    after = pause.update("", outs, PAUSE | {"pipes": {"ORDERS": "2", "REFUNDS": "1", "NEW": "1"}}).outs
    assert account.pipes == {"ORDERS": "PAUSED", "REFUNDS": "RUNNING"}
    assert account.in_hand == []
    assert after
    assert after["stopped"] > outs["stopped"]


def test_when_they_read_through_something_else_every_pipe_is_stopped_before_the_first_is_waited_for(
    account: Account, pause: PipePauseProvider
) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    pause.update("", outs, PAUSE | {"bound": "tuesday's"})
    stopped = [f'ALTER PIPE IF EXISTS "D"."S"."{pipe}" SET PIPE_EXECUTION_PAUSED = TRUE' for pipe in account.pipes]
    looked = [f"""SELECT SYSTEM$PIPE_STATUS('"D"."S"."{pipe}"')""" for pipe in account.pipes]
    assert account.said == ['SHOW PIPES IN SCHEMA "D"."S"', *stopped, *looked]


@pytest.mark.parametrize("changes", [{"timeout_seconds": 60}, {"pipes": PAUSE["pipes"] | {"NEW": "1"}}])
def test_pipes_that_stay_what_they_are_are_not_stopped(
    account: Account, pause: PipePauseProvider, changes: dict[str, Any]
) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    assert pause.diff("", outs, PAUSE | changes).changes
    after = pause.update("", outs, PAUSE | changes).outs
    assert after
    assert after["stopped"] == ""
    assert account.said == []


def test_a_refresh_keeps_when_pipes_were_stopped(account: Account, pause: PipePauseProvider) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    after = state(PAUSE, pause.update("", outs, PAUSE | {"pipes": {"ORDERS": "2", "REFUNDS": "1"}}).outs)
    assert account.pipes["ORDERS"] == "PAUSED"
    assert state({}, pause.read("", after).outs)["stopped"] == after["stopped"]


def test_what_waits_for_a_paused_pipe_is_not_in_hand(account: Account, pause: PipePauseProvider) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    account.in_hand = [3] * 100
    pause.update("", outs, PAUSE | {"pipes": {"ORDERS": "2", "REFUNDS": "1"}})
    assert account.in_hand


def test_a_pipe_that_does_not_end_is_told(account: Account, pause: PipePauseProvider) -> None:
    outs = state(PAUSE, pause.create(PAUSE).outs)
    account.in_hand = [9]
    changed = PAUSE | {"pipes": {"ORDERS": "2"}, "timeout_seconds": 0}
    with pytest.raises(ProviderError, match="the pipe ORDERS still has 9 files in hand, 0 s after it was paused; run"):
        pause.update("", outs, changed)


def test_a_stage_that_is_gone_takes_the_binding_out_of_the_state(
    account: Account, binding: StageBindingProvider
) -> None:
    outs = state(BINDING, binding.create(BINDING).outs)
    account.stage_made = ""
    assert binding.read("", outs).id == ""
    with pytest.raises(ProviderError, match="there is no stage PARTNERS; run `pulumi up --refresh`"):
        binding.create(BINDING)


def test_files_that_no_load_has_taken_are_handed_over_and_no_others(
    account: Account, refresh: PipeRefreshProvider
) -> None:
    account.arrives("orders/loaded.csv", "orders/failed.csv", "orders/missed.csv", "orders/", "refunds/missed.csv")
    account.arrives("orders/old.csv", days_ago=8)
    account.loads = {f"{LOCATION}a/orders/loaded.csv": "Loaded", f"{LOCATION}a/orders/failed.csv": "Load failed"}
    refresh.create(REFRESH)
    assert [said for said in account.said if "REFRESH" in said] == [
        """ALTER PIPE "D"."S"."ORDERS" REFRESH PREFIX = 'failed.csv'""",
        """ALTER PIPE "D"."S"."ORDERS" REFRESH PREFIX = 'missed.csv'""",
        """ALTER PIPE "D"."S"."REFUNDS" REFRESH PREFIX = 'missed.csv'""",
    ]


def test_only_a_pipe_that_is_another_one_is_looked_after(account: Account, refresh: PipeRefreshProvider) -> None:
    account.arrives("orders/missed.csv", "refunds/missed.csv")
    orders = {"path": "a/orders/", "made_of": "2"}
    refresh.update("", REFRESH, REFRESH | {"pipes": REFRESH["pipes"] | {"ORDERS": orders}})
    assert account.loads == {f"{LOCATION}a/orders/missed.csv": "Loaded"}
    assert account.said[0] == 'LIST @"D"."S"."PARTNERS"/a/orders/'


def test_a_file_whose_name_begins_another_loaded_ones_is_not_loaded_at_its_cost(
    account: Account, refresh: PipeRefreshProvider
) -> None:
    account.arrives("orders/a.csv", "orders/a.csv.gz")
    account.loads = {f"{LOCATION}a/orders/a.csv.gz": "Loaded"}
    with pytest.raises(ProviderError, match=r"missed s3://b/partners/a/orders/a\.csv, and .*a\.csv\.gz again"):
        refresh.create(REFRESH)
    assert not [said for said in account.said if "REFRESH" in said]


@pytest.mark.parametrize("occasion", ["trust", "stop"])
def test_what_may_have_stopped_any_pipe_has_all_looked_after(
    account: Account, refresh: PipeRefreshProvider, occasion: str
) -> None:
    account.arrives("orders/missed.csv", "refunds/missed.csv")
    account.pipes["ORDERS"] = "PAUSED"
    new = REFRESH | {"occasions": REFRESH["occasions"] | {occasion: "another"}}
    assert refresh.diff("", REFRESH, new).changes
    refresh.update("", REFRESH, new)
    assert len(account.loads) == 2
    assert set(account.pipes.values()) == {"RUNNING"}


def test_a_state_that_knows_of_no_occasions_is_looked_after_once(
    account: Account, refresh: PipeRefreshProvider
) -> None:
    account.arrives("orders/missed.csv")
    old = {name: value for name, value in REFRESH.items() if name != "occasions"}
    assert refresh.diff("", old, REFRESH).changes
    refresh.update("", old, REFRESH)
    assert account.loads


def test_a_change_that_was_taken_back_lets_the_pipe_go_on(account: Account, refresh: PipeRefreshProvider) -> None:
    account.pipes["ORDERS"] = "PAUSED"
    refresh.create(REFRESH)
    assert set(account.pipes.values()) == {"RUNNING"}


Providers = tuple[StageBindingProvider, PipePauseProvider, PipeRefreshProvider]


@pytest.fixture
def providers(binding: StageBindingProvider, pause: PipePauseProvider, refresh: PipeRefreshProvider) -> Providers:
    return binding, pause, refresh


def _bind(account: Account, providers: Providers) -> None:
    account.integration_made = "tuesday"
    providers[0].update("", BINDING | {"drift": "was another", "bound": "x"}, BINDING)


def _pause(_account: Account, providers: Providers) -> None:
    providers[1].update("", PAUSE | {"stopped": ""}, PAUSE | {"bound": "tuesday's"})


def _refresh(account: Account, providers: Providers) -> None:
    account.arrives("orders/a.csv", "refunds/b.csv")
    providers[2].create(REFRESH)


@pytest.mark.parametrize("verb", [_bind, _pause, _refresh])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_call_that_fails_is_told_and_the_next_run_converges(
    account: Account, providers: Providers, verb: Callable[[Account, Providers], None], number: int
) -> None:
    account.fails_at = number
    try:
        verb(account, providers)
    except ProviderError as error:
        assert "Snowflake refused it (1: no)" in str(error)  # noqa: PT017  # where the n-th is not a query, nothing fails
    account.fails_at = 0
    verb(account, providers)
    if verb is _bind:
        assert account.said[-1] == TIED
    elif verb is _pause:
        assert set(account.pipes.values()) == {"PAUSED"}
    else:
        assert set(account.loads.values()) == {"Loaded"}
        assert len(account.loads) == 2
