"""Flows read from their file's text, of which nothing may run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from prefect.flows import load_flow_from_entrypoint

from domain.flow_source import FlowFile, FlowSourceError, read_flow

FLOWS = Path(__file__).parents[2] / "flows"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from prefect import flow\n@flow\ndef load_all(): ...", "load-all"),
        ("from prefect import flow\n@flow\nasync def load_all(): ...", "load-all"),
        ("from prefect import flow\n@flow()\ndef load_all(): ...", "load-all"),
        ("from prefect import flow\n@flow(name='Load it', retries=compute())\ndef load_all(): ...", "Load it"),
        ("from prefect import flow\n@flow(name=None)\ndef load_all(): ...", "load-all"),
        ("from prefect import flow\n@flow(name='')\ndef load_all(): ...", "load-all"),
        ("from prefect import flow as f\n@f(name='x')\ndef load_all(): ...", "x"),
        ("import prefect\n@prefect.flow(name='x')\ndef load_all(): ...", "x"),
        ("import prefect as p\n@p.flow\ndef load_all(): ...", "load-all"),
        ("from prefect.flows import flow\n@flow\ndef load_all(): ...", "load-all"),
        ("import prefect.flows\n@prefect.flows.flow\ndef load_all(): ...", "load-all"),
        ("import prefect\nflow = prefect.flow\n@flow\ndef load_all(): ...", "load-all"),
        ("from prefect import flow\nNAME = 'x'\n@flow(name=NAME)\ndef load_all(): ...", "x"),
        ("from prefect import flow\nTEAM = 'data'\n@flow(name=f'{TEAM}-load')\ndef load_all(): ...", "data-load"),
        ("from prefect import flow\nours = flow(retries=3, name='x')\n@ours\ndef load_all(): ...", "x"),
        (
            "import functools as f\nimport prefect\no = f.partial(prefect.flow)\n@o(name='x')\ndef load_all(): ...",
            "x",
        ),
        ("from prefect import flow\n@flow\n@wrapped\ndef load_all(): ...", "load-all"),
        ("from prefect import flow\nif True:\n    @flow\n    def load_all(): ...", "load-all"),
        ("from prefect import flow\ntry:\n    import x\nfinally:\n    @flow\n    def load_all(): ...", "load-all"),
        ("from prefect import flow\ndef load(): ...\nload_all = flow(load)", "load"),
        ("from prefect import flow\ndef load(): ...\nload_all = flow(name='x')(load)", "x"),
        ("from prefect import flow\n@flow\ndef load(): ...\nload_all = load.with_options(name='x')", "x"),
        ("from prefect import flow\n@flow\ndef load(): ...\nload_all = load", "load"),
        ("from prefect import flow\ndef load_all(): ...\n@flow(name='x')\ndef load_all(): ...", "x"),
    ],
)
def test_a_flow_has_the_name_that_prefect_gives_it(text: str, name: str) -> None:
    assert read_flow(text, "load_all").name == name


@pytest.mark.parametrize("place", ["hello.py:hello", "reconcile.py:reconcile"])
def test_the_repositorys_own_flows_are_read_as_prefect_loads_them(place: str) -> None:
    file, function = place.split(":")
    loaded = load_flow_from_entrypoint(f"{FLOWS / file}:{function}")
    read = read_flow((FLOWS / file).read_text(encoding="utf-8"), function)
    assert (read.name, read.description) == (loaded.name, loaded.description)
    assert read.parameters_schema == loaded.parameters.model_dump_for_openapi()
    assert read.doubt is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"^defines no 'load'$"),
        ("def lod(): ...", r"^defines no 'load'; did you mean 'lod'\?$"),
        ("def outer():\n    def load(): ...", r"^defines no 'load'"),
        ("class Job:\n    def load(self): ...", r"^defines no 'load'"),
        ("def load(): ...", r"^defines 'load', which is not a flow; put @flow above a function \(from prefect"),
        ("from prefect import task\n@task\ndef load(): ...", r"^defines 'load', which is not a flow; "),
        ("import functools\n@functools.cache\ndef load(): ...", r"^defines 'load', which is not a flow; "),
        ("load = 1", r"^defines 'load', which is not a flow; "),
        ("load = make()", r"^defines 'load', which is not a flow; "),
        ("load = load", r"^defines 'load' by itself$"),
        ("a = load\nload = a.with_options(name='x')", r"^defines 'load' by itself$"),
        ("for load in (): ...", r"^defines 'load', which is not a flow; "),
        ("class load: ...", r"^defines 'load' as a class, which is not a flow; "),
        ("from team.flows import load", r"^only imports 'load', from 'team.flows'; name the file that defines it as"),
        ("from . import load", r"^only imports 'load', from '\.'; "),
        ("def load(:", r"^is not Python: .* in line 1 \(read by Python 3\.\d+\)$"),
        ("\0", r"^is not Python: .*null bytes"),
        (
            "import os\nfrom prefect import flow\n@flow(name=os.environ['X'])\ndef load(): ...",
            r"^computes its flow's name \(os.environ\['X'\]\), .*; write it as a plain text: @flow\(name=\"...\"\)$",
        ),
        ("from prefect import flow\n@flow(name='a/b')\ndef load(): ...", r"^names its flow 'a/b', .* takes no '/' in"),
        ("from prefect import flow\n@flow\ndef load(wait_for): ...", r"^gives 'load' the parameter 'wait_for', which"),
        ("from prefect import flow\n@flow\ndef load(_a): ...", r"^gives 'load' the parameter '_a', which"),
    ],
)
def test_what_is_no_flow_is_told(text: str, words: str) -> None:
    with pytest.raises(FlowSourceError, match=words):
        read_flow(text, "load")


def test_a_method_is_told() -> None:
    with pytest.raises(FlowSourceError, match=r"^is asked for the method 'Job\.load', .* name a function$"):
        read_flow("class Job:\n    def load(): ...", "Job.load")


@pytest.mark.parametrize("decorator", ["team.flow", "team.flow(name='x')", "ours"])
def test_a_decorator_that_may_make_a_flow_is_a_doubt(decorator: str) -> None:
    flow = read_flow(f"import team\ndef ours(f): ...\n@{decorator}\ndef load(a: int): ...", "load")
    assert flow.name == "load"
    assert flow.parameters.names == ("a",)
    assert flow.doubt
    assert f"the decorator @{decorator.partition('(')[0]}, and only running the code tells" in flow.doubt


def test_nothing_of_the_file_runs(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    text = f"""
from __future__ import annotations
import not_installed_anywhere
from not_installed_anywhere.models import Order
from prefect import flow
open({str(trace)!r}, "w")

def touched(): open({str(trace)!r}, "w")

class Meta(type):
    touched()

class Mine(metaclass=Meta):
    touched()

Kind = touched()

@flow(retries=touched())
def load(
    order: Order,
    orders: list[Order],
    mine: Mine,
    kind: Kind = touched(),
    other: touched() = not_installed_anywhere.SIZE,
    number: "int" = 1,
    broken: "not python (" = 2,
) -> touched():
    touched()
"""
    modules = set(sys.modules)
    flow = read_flow(text, "load")
    assert not trace.exists()
    assert not {name for name in sys.modules.keys() - modules if name.startswith("not_installed")}
    assert flow.parameters_schema == {
        "title": "Parameters",
        "type": "object",
        "properties": {
            "order": {"title": "order", "position": 0},
            "orders": {"title": "orders", "position": 1},
            "mine": {"title": "mine", "position": 2},
            "kind": {"title": "kind", "position": 3},
            "other": {"title": "other", "position": 4},
            "number": {"title": "number", "position": 5, "type": "integer", "default": 1},
            "broken": {"title": "broken", "position": 6, "default": 2},
        },
        "required": ["order", "orders", "mine"],
        "definitions": {},
    }


def test_a_name_with_several_meanings_is_any_type() -> None:
    text = """
from prefect import flow
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from datetime import date
try:
    from typing import Annotated
except ImportError:
    from typing_extensions import Annotated
try:
    from uuid import UUID
except ImportError:
    UUID = str
Loop = list[Loop]
@flow
def load(a: date, b: UUID, c: Annotated[int, "x"], d: Loop, str: str): ...
"""
    properties = read_flow(text, "load").parameters_schema["properties"]
    assert [properties[name].get("type") for name in "abcd"] == [None, None, "integer", None]


def test_a_text_cannot_keep_the_program_busy() -> None:
    nested = "-" * 50 + "1"
    many = " + ".join(["1"] * 60)
    text = f"""
from prefect import flow
N = 1_000_000_000
a = a.b
b = c
c = b
@flow
def load(x=9 ** 9 ** 9, y="a" * 10 ** 10, z={nested}, n=N * N * N * N, m={many}, o: a = a, p: b = b): ...
"""
    properties = read_flow(text, "load").parameters_schema["properties"]
    assert [properties[name].get("default") for name in "xyznmop"] == [None, None, 1, None, 60, None, None]


def test_a_file_is_read_once_for_all_its_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    file = FlowFile("from prefect import flow\n@flow\ndef load(): ...")
    first = file.flow("load")
    monkeypatch.setattr("domain.flow_source.read_parameters", None)
    assert file.flow("load") is first
