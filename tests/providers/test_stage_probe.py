"""The probe's provider, against stand-ins for S3 and Snowflake that hold what they were told and fail when asked to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from clients.errors import ServiceError, UnreachableError
from clients.snowflake import SnowflakeAccount, SnowflakeClient
from providers import stage_probe
from providers.stage_probe import StageProbeProvider
from providers.typed_provider import ProviderError

PROPS: dict[str, Any] = {
    "bucket": "b",
    "prefix": "canary/",
    "database": "LANDING",
    "schema": "RAW",
    "stage": "PARTNERS",
    "table": "_CANARY",
    "pipe": "_CANARY",
    "warehouse": "LANDING_LOAD",
    "timeout_seconds": 30,
    "legs": {"key": "k1"},
}
CONFIG = {
    "aws:region": "us-east-1",
    "snowflake:organizationName": "O",
    "snowflake:accountName": "A",
    "snowflake:user": "U",
    "snowflake:password": "P",
}
Fault = Callable[[], object]


@dataclass
class Clouds:
    """S3 and Snowflake: what they hold, and which of their calls fails."""

    objects: set[str] = field(default_factory=set[str])
    loads: dict[str, str] = field(default_factory=dict[str, str])
    """By address: the first error of its load, empty for a load that went well."""
    state: str = "RUNNING"
    pipe_error: str = ""
    delivers: bool = True
    error: str = ""
    """What a load fails with."""
    forwarded: int = 0
    looks_before_load: int = 0
    lists: bool = True
    calls: list[str] = field(default_factory=list[str])
    faults: dict[int, Fault] = field(default_factory=dict[int, Fault])
    after_effect: bool = False

    def call(self, name: str, effect: Callable[[], Any]) -> Any:  # noqa: ANN401  # any reply
        self.calls.append(name)
        fault = self.faults.get(len(self.calls))
        if fault and not self.after_effect:
            fault()
        reply = effect()
        if fault:
            fault()
        return reply

    def put(self, url: str) -> None:
        self.objects.add(url)
        if self.delivers:
            self.forwarded += 1
            self.loads[url] = self.error

    def history(self) -> list[dict[str, object]]:
        self.looks_before_load -= 1
        if self.looks_before_load >= 0:
            return []
        return [
            {
                "file_name": url.removeprefix("s3://b/canary/"),
                "stage_location": "s3://b/canary/",
                "status": "Load failed" if error else "Loaded",
                "last_load_time": dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
                "file_size": 5,
                "row_count": 1,
                "row_parsed": 1,
                "error_count": 0,
                "first_error_message": error or None,
                "first_error_line_number": None,
                "first_error_column_name": None,
            }
            for url, error in self.loads.items()
        ]

    def status(self) -> str:
        told: dict[str, object] = {"executionState": self.state, "pendingFileCount": 0}
        if self.forwarded:
            told["lastForwardedMessageTimestamp"] = str(self.forwarded)
        return json.dumps(told | ({"error": self.pipe_error} if self.pipe_error else {}))


class Canaries:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def put(self, name: str, _text: str) -> str:
        url = f"s3://b/canary/{name}"
        self.clouds.call("put", lambda: self.clouds.put(url))
        return url

    def clear(self) -> None:
        self.clouds.call("clear", self.clouds.objects.clear)


class Snowflake:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds

    def query(self, statement: str, _parameters: Sequence[object] = ()) -> list[dict[str, object]]:
        if statement.startswith("LIST"):
            assert statement == 'LIST @"LANDING"."RAW"."PARTNERS"/-/'
            return self.clouds.call("list", self._list)
        if statement.startswith("USE"):
            assert statement == 'USE WAREHOUSE "LANDING_LOAD"'
            return self.clouds.call("use", list)
        assert "COPY_HISTORY" in statement
        return self.clouds.call("history", self.clouds.history)

    def value(self, statement: str, _parameters: Sequence[object] = ()) -> object:
        assert statement == """SELECT SYSTEM$PIPE_STATUS('"LANDING"."RAW"."_CANARY"')"""
        return self.clouds.call("status", self.clouds.status)

    def _list(self) -> list[dict[str, object]]:
        if not self.clouds.lists:
            raise ServiceError("Snowflake refused LIST (Stage does not exist)", status=2003)
        return []


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    held = Clouds()

    @contextmanager
    def connected(_account: SnowflakeAccount) -> Generator[Snowflake]:
        yield Snowflake(held)

    def canaries(*_place: object, **_way_in: object) -> Canaries:
        return Canaries(held)

    monkeypatch.setattr(SnowflakeClient, "connected", connected)
    monkeypatch.setattr(stage_probe, "CanaryObjects", canaries)
    monkeypatch.setattr(stage_probe, "_FIRST_WAIT_SECONDS", 0.001)
    return held


@pytest.fixture
def provider() -> StageProbeProvider:
    made = StageProbeProvider()
    made.configured(CONFIG)
    return made


STATE = {**PROPS, "drift": ""}


def run(provider: StageProbeProvider, verb: str, **changes: object) -> None:
    if verb == "create":
        provider.create(PROPS | changes)
    elif verb == "update":
        provider.update("b/canary/_CANARY", STATE, PROPS | {"legs": {"key": "k2"}} | changes)
    elif verb == "read":
        provider.read("b/canary/_CANARY", dict(STATE))
    else:
        provider.delete("b/canary/_CANARY", dict(STATE))


CALLS = {
    "create": ["clear", "list", "status", "put", "use", "history", "clear"],
    "update": ["clear", "list", "status", "put", "use", "history", "clear"],
    "read": ["list", "status"],
    "delete": ["clear"],
}
EACH_CALL = [(verb, number) for verb, calls in CALLS.items() for number in range(1, len(calls) + 1)]


@pytest.mark.parametrize("verb", CALLS)
def test_the_verbs_make_these_calls_and_leave_nothing(clouds: Clouds, provider: StageProbeProvider, verb: str) -> None:
    run(provider, verb)
    assert clouds.calls == CALLS[verb]
    assert clouds.objects == set()
    assert len(clouds.loads) == (1 if "put" in clouds.calls else 0)


def raises(error: BaseException) -> Fault:
    def fault() -> object:
        raise error

    return fault


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("error", [ServiceError("refused (1: no)"), UnreachableError("no answer")])
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_failed_call_is_told_and_the_next_run_converges(  # two fixtures, a table
    clouds: Clouds, provider: StageProbeProvider, verb: str, number: int, error: ServiceError, *, after_effect: bool
) -> None:
    clouds.faults[number] = raises(error)
    clouds.after_effect = after_effect
    if verb == "read":
        # What Snowflake says against the stage or the pipe is what a refresh is there to find.
        read = provider.read("b/canary/_CANARY", dict(STATE))
        assert read.outs
        assert str(error) in read.outs["drift"]
        return
    with pytest.raises(
        ProviderError, match=rf"^cannot {verb} the proof that a file in s3://b/canary/ .*{error.message[:7]}"
    ):
        run(provider, verb)
    run(provider, verb)
    assert clouds.objects == set()


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_killed_run_is_simply_run_again(
    clouds: Clouds, provider: StageProbeProvider, verb: str, number: int, *, after_effect: bool
) -> None:
    class KilledError(BaseException):
        pass

    clouds.faults[number] = raises(KilledError())
    clouds.after_effect = after_effect
    with pytest.raises(KilledError):
        run(provider, verb)
    run(provider, verb)
    assert clouds.objects == set()


def test_it_waits_until_the_canary_is_loaded(clouds: Clouds, provider: StageProbeProvider) -> None:
    clouds.looks_before_load = 4
    run(provider, "create")
    assert clouds.calls.count("history") == 5


def test_a_canary_that_was_loaded_before_counts_for_nothing(clouds: Clouds, provider: StageProbeProvider) -> None:
    run(provider, "create")
    clouds.delivers = False
    with pytest.raises(ProviderError, match="is not loaded: no event of it reached the pipe _CANARY"):
        run(provider, "create", timeout_seconds=0)


def broken(**changes: object) -> Callable[[Clouds], None]:
    def change(clouds: Clouds) -> None:
        for name, value in changes.items():
            setattr(clouds, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (broken(lists=False), r"the stage PARTNERS cannot list the bucket: Snowflake refused LIST"),
        (broken(state="PAUSED"), r"the pipe _CANARY is PAUSED; resume it with ALTER PIPE"),
        (
            broken(state="STOPPED_STAGE_DROPPED", pipe_error="stage dropped"),
            r"the pipe _CANARY is STOPPED_STAGE_DROPPED \(stage dropped\); run `pulumi up --refresh`",
        ),
        (broken(delivers=False), r"no event of it reached the pipe _CANARY; check that the bucket's notification"),
        (
            broken(looks_before_load=99, pipe_error="Error assuming AWS_ROLE"),
            r"cannot read it \(Error assuming AWS_ROLE\); the role does not trust Snowflake",
        ),
        (
            broken(error="Failure using stage area. Cause: [kms:Decrypt is denied]"),
            r"\(Load failed: Failure using stage area.*kms:Decrypt is denied\]\); the role lacks kms:Decrypt",
        ),
        (
            broken(error="Numeric value 'x' is not recognized"),
            r"\(Load failed: Numeric value 'x' is not recognized\); the table and the pipe's COPY do not fit",
        ),
        (broken(looks_before_load=99), r"the event reached the pipe _CANARY, and 0 files wait there; Snowflake takes"),
    ],
)
def test_a_failure_says_which_leg_broke_and_leaves_no_canary(
    clouds: Clouds, provider: StageProbeProvider, change: Callable[[Clouds], None], words: str
) -> None:
    change(clouds)
    with pytest.raises(ProviderError, match=words) as caught:
        run(provider, "create", timeout_seconds=0)
    assert "\n" not in str(caught.value)
    assert clouds.objects == set()


def test_what_cannot_pass_ends_the_waiting_at_once(clouds: Clouds, provider: StageProbeProvider) -> None:
    clouds.error = "Numeric value 'x' is not recognized"
    with pytest.raises(ProviderError, match="Numeric value"):
        run(provider, "create")
    assert clouds.calls.count("history") == 1


def test_an_access_that_comes_late_is_waited_for(clouds: Clouds, provider: StageProbeProvider) -> None:
    clouds.error = "Failure using stage area. Cause: [Access Denied (Status Code: 403)]"

    def granted() -> None:
        clouds.loads = dict.fromkeys(clouds.loads, "")

    clouds.faults[8] = granted
    run(provider, "create")
    assert clouds.calls.count("history") >= 3


def test_only_a_change_on_the_way_sends_another(clouds: Clouds, provider: StageProbeProvider) -> None:
    assert not provider.diff("", dict(STATE), dict(PROPS)).changes
    changed = provider.diff("", dict(STATE), PROPS | {"legs": {"key": "k2"}})
    assert changed.changes
    assert not changed.replaces
    assert clouds.calls == ["list", "status"]


@pytest.mark.parametrize(
    ("broken", "told"), [({"lists": False}, "Snowflake refused LIST"), ({"state": "PAUSED"}, "is PAUSED")]
)
def test_a_plain_up_sees_that_a_file_would_not_load(
    clouds: Clouds, provider: StageProbeProvider, capfd: pytest.CaptureFixture[str], broken: dict[str, Any], told: str
) -> None:
    vars(clouds).update(broken)
    assert provider.diff("", dict(STATE), dict(PROPS)).changes
    assert told in capfd.readouterr().err


def test_a_pipe_that_was_paused_by_hand_is_drift(clouds: Clouds, provider: StageProbeProvider) -> None:
    read = provider.read("b/canary/_CANARY", dict(STATE))
    assert read.outs == STATE
    clouds.state = "PAUSED"
    read = provider.read("b/canary/_CANARY", dict(STATE))
    assert read.outs
    assert read.outs["drift"] == "the pipe _CANARY is PAUSED"
    assert provider.diff("", read.outs, dict(PROPS)).changes
    assert "put" not in clouds.calls
