"""What an operator changes on Snowflake's side of a stack, and what the engine must do for it."""

from __future__ import annotations

from typing import Any

from tools.operator_steps import Change, Config, Step

_OF_A_FEED = {"Table": 1, "Pipe": 1, "FlowDeployment": 1, "BucketObjectv2": 1}
"""What a feed is made of."""

OTHER_PIPES = {"update PipePause": 1, "update PipeRefresh": 1}
"""Two resources look after all pipes, and name them."""


def steps() -> list[Step]:
    """Give the steps of a stack that is up as dev's file says."""
    made = {f"create {name}": count for name, count in _OF_A_FEED.items()}
    removed = {f"delete {name}": count for name, count in _OF_A_FEED.items()}
    # The pipe's COPY names the columns, and a pipe's COPY cannot be changed.
    columns = {"update Table": 1, "replace Pipe": 1, **OTHER_PIPES}
    warehouse = {"replace Warehouse": 1, "replace GrantPrivilegesToAccountRole": 2}
    warehouse |= {"update PipeRefresh": 1, "update StageProbe": 1}  # what runs queries of its own
    role = {"replace AccountRole": 1, "replace GrantPrivilegesToAccountRole": 9}
    return [
        Step(title="a feed", change=add_a_feed, wanted={**made, **OTHER_PIPES}),
        Step(title="a column", change=add_a_column, wanted=columns),
        Step(title="a column's type", change=change_a_type, wanted={"update Table": 1}),
        Step(title="the column is removed", change=remove_the_column, wanted=columns),
        Step(title="the warehouse's name", change=named("warehouse", "OTHER_WH"), wanted=warehouse),
        Step(title="the loader's name", change=named("loaderRole", "OTHER_LOADER"), wanted=role),
        Step(title="the feed is removed", change=remove_the_feed, wanted={**removed, **OTHER_PIPES}),
    ]


def add_a_feed(config: Config) -> None:
    """Give dev's partner another kind of file."""
    feed = {"name": "cargo", "columns": [{"name": "ID", "type": "NUMBER(38,0)"}], "drop": True}
    config["landing:partners"][0]["feeds"].append(feed)


def add_a_column(config: Config) -> None:
    """Let the feed send one thing more."""
    _columns(config).append({"name": "NOTE", "type": "VARCHAR"})


def change_a_type(config: Config) -> None:
    """Ask for fewer digits."""
    _columns(config)[0]["type"] = "NUMBER(20,0)"


def remove_the_column(config: Config) -> None:
    """Take out what was added."""
    _columns(config).pop()


def remove_the_feed(config: Config) -> None:
    """Take the feed out, and its table with it."""
    config["landing:partners"][0]["feeds"].pop()


def named(setting: str, name: str) -> Change:
    """Give an object of the account another name."""

    def change(config: Config) -> None:
        config["landing:snowflake"][setting] = name

    return change


def _columns(config: Config) -> list[Any]:
    return config["landing:partners"][0]["feeds"][-1]["columns"]
