"""Each verb with each of its calls failing once, and with its process dying after each: the next try converges.

The clouds are stand-ins that hold what they were told; the real ones' faults are met on the wire in
`test_storage_trust_on_the_wire.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.errors import ServiceError, UnreachableError
from domain import iam
from providers.storage_trust import StorageTrustProvider
from providers.typed_provider import ProviderError
from tests.providers.two_clouds import ID, PROPS, Clouds, configured, stand_in

STATE: dict[str, Any] = {**PROPS, "iam_user_arn": "", "external_id": "id-1"}
READS = ["read trust", "connect", "describe"]
CLOSES = ["connect", "describe", "read trust", "write trust", "list partners", "list canary"]
CALLS = {"create": CLOSES, "read": READS, "diff": READS, "update": CLOSES, "delete": ["write trust"]}
EACH_CALL = [(verb, number) for verb, calls in CALLS.items() for number in range(1, len(calls) + 1)]


class KilledError(BaseException):
    """The process is gone: nothing of ours catches it."""


def raises(error: BaseException) -> Callable[[], None]:
    def fault() -> None:
        raise error

    return fault


FAULTS = {
    "time-out": UnreachableError("IAM did not answer (Read timeout)", hint="check the network"),
    "reset": UnreachableError("Snowflake does not answer (Connection reset by peer)"),
    "throttle": ServiceError("IAM refused to write (Throttling: Rate exceeded)"),
    "500": ServiceError("Snowflake refused DESCRIBE (500 Internal Server Error)", status=500),
}


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    held = Clouds()
    stand_in(held, monkeypatch)
    return held


@pytest.fixture
def provider() -> StorageTrustProvider:
    return configured()


def run(provider: StorageTrustProvider, verb: str) -> object:
    match verb:
        case "create":
            return provider.create(dict(PROPS))
        case "read":
            return provider.read(ID, dict(STATE))
        case "diff":
            return provider.diff(ID, dict(STATE), dict(PROPS))
        case "update":
            return provider.update(ID, dict(STATE), dict(PROPS))
        case _:
            return provider.delete(ID, dict(STATE))


def assert_done(clouds: Clouds, verb: str) -> None:
    """Both sides: who is trusted, and that Snowflake holds what it held."""
    if verb in {"create", "update"}:
        assert clouds.trust == iam.storage_trust("arn:aws:iam::999999999999:user/snowflake", "id-1")
        assert clouds.calls[-2:] == ["list partners", "list canary"]
    else:
        assert clouds.trust == iam.trust_nobody()
    assert (clouds.integration, clouds.external_id) == (True, "id-1")


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_the_verbs_make_these_calls(clouds: Clouds, provider: StorageTrustProvider, verb: str, number: int) -> None:
    run(provider, verb)
    assert clouds.calls[number - 1] == CALLS[verb][number - 1]
    assert len(clouds.calls) == len(CALLS[verb])


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_call_that_fails_is_one_sentence_and_the_next_try_converges(  # two fixtures, a table
    clouds: Clouds, provider: StorageTrustProvider, verb: str, number: int, kind: str, *, after_effect: bool
) -> None:
    clouds.faults[number], clouds.after_effect = raises(FAULTS[kind]), after_effect
    with pytest.raises(ProviderError) as caught:
        run(provider, verb)
    told = {"diff": "compare"}.get(verb, verb)
    start = f"cannot {told} the trust of role stage in storage integration LANDING_S3: {FAULTS[kind]}"
    assert str(caught.value) == start
    run(provider, verb)
    assert_done(clouds, verb)


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
@pytest.mark.parametrize("after_effect", [False, True])
def test_a_process_that_dies_at_a_call_leaves_what_the_next_one_finishes(
    clouds: Clouds, provider: StorageTrustProvider, verb: str, number: int, *, after_effect: bool
) -> None:
    clouds.faults[number], clouds.after_effect = raises(KilledError()), after_effect
    with pytest.raises(KilledError):
        run(provider, verb)
    run(configured(), verb)
    assert_done(clouds, verb)


@pytest.mark.parametrize(("verb", "number"), EACH_CALL)
def test_a_fault_of_ours_carries_its_traceback(
    clouds: Clouds, provider: StorageTrustProvider, verb: str, number: int
) -> None:
    clouds.faults[number] = raises(KeyError("surprise"))
    with pytest.raises(ProviderError, match=r"(?s)by a fault of this program.*KeyError: 'surprise'"):
        run(provider, verb)


EVENTS = st.sampled_from(
    ["create", "update", "read", "delete", "edited", "replaced", "role made anew", "role gone", "role back"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.tuples(EVENTS, st.integers(1, 8), st.booleans(), st.booleans()), max_size=12))
def test_whatever_happened_before_an_up_closes_the_loop_and_a_destroy_ends_it(
    monkeypatch: pytest.MonkeyPatch, events: list[tuple[str, int, bool, bool]]
) -> None:
    clouds, provider = Clouds(), configured()
    stand_in(clouds, monkeypatch)
    for event, number, dies, after_effect in events:
        clouds.faults = {len(clouds.calls) + number: raises(KilledError() if dies else FAULTS["500"])}
        clouds.after_effect = after_effect
        with contextlib.suppress(KilledError, ProviderError):
            happen(clouds, provider, event)
    clouds.faults = {}
    clouds.trust = clouds.trust or iam.trust_nobody()
    provider.update(ID, dict(STATE), dict(PROPS))
    assert clouds.is_closed
    provider.delete(ID, dict(STATE))
    assert clouds.trust == iam.trust_nobody()


def happen(clouds: Clouds, provider: StorageTrustProvider, event: str) -> None:
    match event:
        case "edited":
            clouds.trust = iam.storage_trust("arn:aws:iam::111111111111:root", "x")
        case "replaced":
            clouds.external_id += "+"
        case "role made anew" | "role back":
            clouds.trust = iam.trust_nobody()
        case "role gone":
            clouds.trust = None
        case verb:
            run(provider, verb)
