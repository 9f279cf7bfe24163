"""The recorder itself: what the other component tests stand on."""

from __future__ import annotations

import pulumi
import pytest

from tests.components.recorder import Program, Secret


class Leaf(pulumi.CustomResource):
    token: pulumi.Output[str]
    length: pulumi.Output[int]

    def __init__(self, name: str, token: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Leaf", name, {"token": token, "length": None}, opts)


class Tree(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Tree", name, {})
        first = Leaf(f"{name}-first", pulumi.Output.secret("hunter2"), pulumi.ResourceOptions(parent=self))
        opts = pulumi.ResourceOptions(parent=self, depends_on=[first], protect=True)
        self.second = Leaf(f"{name}-second", first.length.apply(str), opts)
        self.register_outputs({"length": first.length})


def test_the_tree_is_recorded_with_parents_inputs_and_order(registered: Program) -> None:
    run = registered(lambda: Tree("oak"), outputs=lambda args: {"length": 7} if "first" in args.name else {})
    assert run.shape == [
        ("test:index:Leaf", "oak-first", "oak"),
        ("test:index:Leaf", "oak-second", "oak"),
        ("test:index:Tree", "oak", ""),
    ]
    assert run.named("oak-first").inputs == {"token": Secret("hunter2")}
    assert run.named("oak-second").inputs == {"token": "7"}
    assert run.named("oak-second").depends_on == {"oak-first"}
    assert run.named("oak-second").options.protect
    assert run.registered_outputs == {"oak": [{"length": 7.0}]}


def test_runs_do_not_see_each_other(registered: Program) -> None:
    first, second = registered(lambda: Tree("oak")), registered(lambda: Tree("elm"))
    assert {each.parent for each in first.of("test:index:Leaf")} == {"oak"}
    assert {each.parent for each in second.of("test:index:Leaf")} == {"elm"}


def test_the_result_holds_the_values_of_outputs(registered: Program) -> None:
    assert registered(lambda: {"token": Tree("oak").second.token, "id": Tree("elm").second.id}).result == {
        "token": "None",
        "id": "elm-second-id",
    }


def test_outputs_that_nobody_knows_yet_are_unknown_in_a_preview(registered: Program) -> None:
    run = registered(lambda: Tree("oak").second.token, preview=True)
    assert pulumi.contains_unknowns(run.result)
    assert pulumi.contains_unknowns(run.named("oak-second").inputs)


def test_what_a_piece_raises_comes_out(registered: Program) -> None:
    def broken() -> None:
        Tree("oak")
        raise ValueError("a bad argument")

    with pytest.raises(ValueError, match="a bad argument"):
        registered(broken)
