"""The base of our dynamic providers: what it does with property bags, unknown values, diffs and faults."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pulumi
import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.dynamic import Config, ConfigureRequest
from pulumi.runtime import rpc

from clients.errors import ServiceError
from providers.typed_provider import Created, Found, ProviderError, StackConfig, TypedProvider

UNKNOWN = pulumi.output.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Colour:
    name: str
    share: int = 1


@dataclass(frozen=True, kw_only=True)
class Flag:
    owner: str
    size: int = 3
    colours: tuple[Colour, ...] = ()
    note: str | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple(sorted(self.tags)))


@dataclass(frozen=True, kw_only=True)
class Hoisted:
    height: float


@dataclass
class Pole:
    """The service: it holds at most one flag, and may have a fault to raise."""

    flag: Flag | None = None
    fault: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def called(self, verb: str) -> None:
        self.calls.append(verb)
        if self.fault:
            raise self.fault


class FlagProvider(TypedProvider[Flag, Hoisted]):
    spec_type = Flag
    outputs_type = Hoisted
    replaces_on = frozenset({"owner"})
    pole: ClassVar[Pole]
    token: str | None = None

    def configured(self, config: StackConfig) -> None:
        self.token = config.get("flags:token")

    def describe(self, spec: Flag) -> str:
        return f"flag of {spec.owner!r}"

    def faults(self, spec: Flag) -> list[tuple[str, str]]:
        return [("size", f"must be at least 1, not {spec.size}")] if spec.size < 1 else []

    def create_object(self, spec: Flag) -> Created[Hoisted]:
        self.pole.called("create")
        self.pole.flag = spec
        return Created(id="flag-1", outputs=Hoisted(height=2.5))

    def read_object(self, object_id: str, known: Found[Flag, Hoisted]) -> Found[Flag, Hoisted] | None:
        self.pole.called(f"read {object_id} {known.spec.owner}")
        return Found(spec=self.pole.flag, outputs=Hoisted(height=2.5)) if self.pole.flag else None

    def update_object(self, object_id: str, old: Found[Flag, Hoisted], new: Flag) -> Hoisted:
        self.pole.called(f"update {object_id} {old.spec.size}->{new.size}")
        self.pole.flag = new
        return Hoisted(height=3.0)

    def delete_object(self, object_id: str, spec: Flag) -> None:
        self.pole.called(f"delete {object_id} {spec.owner}")
        self.pole.flag = None


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FlagProvider:
    monkeypatch.setattr(FlagProvider, "pole", Pole(), raising=False)
    monkeypatch.setattr(sys, "tracebacklimit", 1000, raising=False)
    return FlagProvider()


def test_check_fills_defaults_and_normalises(provider: FlagProvider) -> None:
    result = provider.check({}, {"owner": "ada", "size": 4.0, "tags": ["b", "a"], "__provider": "x", "height": None})
    assert result.failures == []
    assert result.inputs == {"owner": "ada", "size": 4, "colours": [], "note": None, "tags": ["a", "b"]}


def test_check_names_each_faulty_property_without_its_value(provider: FlagProvider) -> None:
    result = provider.check({}, {"size": "hunter2", "colours": [{"name": 1.0}], "sise": 3})
    told = {failure.property: failure.reason for failure in result.failures}
    assert told.keys() == {"owner", "size", "colours", "sise"}
    assert told["colours"].startswith("0.name: ")
    assert "hunter2" not in repr(told)


def test_check_tells_the_rule_that_the_spec_breaks(provider: FlagProvider) -> None:
    (failure,) = provider.check({}, {"owner": "ada", "size": 0}).failures
    assert (failure.property, failure.reason) == ("size", "must be at least 1, not 0")


def test_an_object_that_breaks_our_rules_can_be_read_and_set_right(provider: FlagProvider) -> None:
    provider.pole.flag = Flag(owner="ada", size=0)
    found = provider.read("flag-1", {"owner": "ada", "height": 2.5}).outs
    assert found is not None
    assert provider.diff("flag-1", found, {"owner": "ada"}).changes is True
    provider.update("flag-1", found, {"owner": "ada"})
    assert provider.pole.flag == Flag(owner="ada")


@pytest.mark.parametrize("hidden", [{"note": UNKNOWN}, {"colours": [{"name": UNKNOWN}]}, {"owner": UNKNOWN}])
def test_unknown_values_pass_and_the_rest_is_still_checked(provider: FlagProvider, hidden: dict[str, Any]) -> None:
    props: dict[str, Any] = {"owner": "ada", "size": "big"} | hidden
    result = provider.check({}, props)
    assert [failure.property for failure in result.failures] == ["size"]
    (name,) = hidden
    assert result.inputs[name] is hidden[name]


def test_diff_compares_normal_forms(provider: FlagProvider) -> None:
    old = {"owner": "ada", "size": 3.0, "tags": ["b", "a"], "height": 2.5}
    assert provider.diff("flag-1", old, {"owner": "ada", "tags": ["a", "b"]}).changes is False


def test_diff_replaces_on_identity_alone(provider: FlagProvider) -> None:
    old = {"owner": "ada", "size": 3}
    grown = provider.diff("flag-1", old, {"owner": "ada", "size": 4})
    assert (grown.changes, grown.replaces) == (True, [])
    moved = provider.diff("flag-1", old, {"owner": "bob", "size": 3})
    assert (moved.changes, moved.replaces, moved.delete_before_replace) == (True, ["owner"], True)


def test_an_unknown_value_counts_as_a_change(provider: FlagProvider) -> None:
    assert provider.diff("flag-1", {"owner": "ada"}, {"owner": "ada", "note": UNKNOWN}).changes is True


def test_diff_survives_a_state_of_an_older_spec(provider: FlagProvider) -> None:
    assert provider.diff("flag-1", {"owner": "ada", "gone": 1}, {"owner": "ada"}).changes is False
    assert provider.diff("flag-1", {"owner": "ada", "size": "huge"}, {"owner": "ada"}).changes is True


@given(size=st.integers(1, 2**40), tags=st.lists(st.text()), share=st.integers(-(2**40), 2**40))
def test_what_create_leaves_in_the_state_never_differs_from_its_inputs(size: int, tags: list[str], share: int) -> None:
    FlagProvider.pole = Pole()
    props = {"owner": "ada", "size": size, "tags": tags, "colours": [{"name": "red", "share": share}]}
    provider = FlagProvider()
    inputs = provider.check({}, as_the_engine_carries(props)).inputs
    state = provider.create(as_the_engine_carries(inputs)).outs
    assert state is not None
    assert provider.diff("flag-1", as_the_engine_carries(state), as_the_engine_carries(inputs)).changes is False


def as_the_engine_carries(props: dict[str, Any]) -> dict[str, Any]:
    """Numbers are floats on the wire, and None is left out."""
    bag = struct_pb2.Struct()
    bag.update({name: value for name, value in props.items() if value is not None})
    return cast("dict[str, Any]", rpc.deserialize_properties(bag, keep_unknowns=True))


def test_the_verbs_give_full_states(provider: FlagProvider) -> None:
    created = provider.create({"owner": "ada"})
    assert created.id == "flag-1"
    assert created.outs is not None
    assert created.outs["height"] == 2.5
    updated = provider.update("flag-1", created.outs, {"owner": "ada", "size": 5})
    assert updated.outs is not None
    assert updated.outs == {"owner": "ada", "size": 5, "colours": [], "note": None, "tags": [], "height": 3.0}
    read = provider.read("flag-1", updated.outs)
    assert (read.id, read.outs, read.inputs) == (
        "flag-1",
        updated.outs | {"height": 2.5},
        provider.check({}, {"owner": "ada", "size": 5}).inputs,
    )
    provider.delete("flag-1", updated.outs)
    assert provider.pole.calls == ["create", "update flag-1 3->5", "read flag-1 ada", "delete flag-1 ada"]


def test_a_vanished_object_reads_as_gone(provider: FlagProvider) -> None:
    read = provider.read("flag-1", {"owner": "ada", "height": 2.5})
    assert (read.id, read.outs) == ("", {})


def test_a_refusal_is_one_sentence(provider: FlagProvider) -> None:
    provider.pole.fault = ServiceError("the pole answered 403", status=403, hint="ask for the rope")
    with pytest.raises(ProviderError, match=r"^cannot create flag of 'ada': the pole answered 403; ask for the rope$"):
        provider.create({"owner": "ada"})


def test_a_fault_of_ours_carries_its_traceback(provider: FlagProvider) -> None:
    provider.pole.fault = KeyError("rope")
    with pytest.raises(ProviderError, match=r"(?s)cannot delete flag of 'ada'.*in called.*KeyError: 'rope'"):
        provider.delete("flag-1", {"owner": "ada"})


def test_credentials_are_taken_from_config_and_never_pickled(provider: FlagProvider) -> None:
    provider.configure(ConfigureRequest(Config({"flags:token": "hunter2"}, "flags")))
    assert provider.token == "hunter2"
    assert b"hunter2" not in pickle.dumps(provider)
    assert pickle.loads(pickle.dumps(provider)).token is None  # noqa: S301  # our own bytes


def test_the_module_loads_nothing_heavy() -> None:
    probe = (
        "import sys, pulumi, providers.typed_provider; print(*({'pydantic', 'httpx', 'prefect'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603  # fixed text
    assert done.stdout.strip() == ""
