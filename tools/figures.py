"""The figures that the bench measures, and the page that they are written to."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure and its goal."""

    name: str
    value: float
    unit: str
    goal: float | None
    """None for a figure that only explains another."""
    detail: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the value is within the goal."""
        return self.goal is None or self.value <= self.goal


def show(figures: Sequence[Figure], page: Path) -> None:
    """Print the figures, and write them to the page."""
    table = Table("figure", "measured", "goal", "", "how")
    lines = ["| figure | measured | goal | | how |", "| --- | ---: | ---: | --- | --- |"]
    for figure in figures:
        measured = f"{figure.value:.2f} {figure.unit}"
        goal = "" if figure.goal is None else f"{figure.goal:g} {figure.unit}"
        reached = "" if figure.goal is None else "reached" if figure.is_reached else "**missed**"
        table.add_row(figure.name, measured, goal, reached.strip("*"), figure.detail)
        lines.append(f"| {figure.name} | {measured} | {goal} | {reached} | {figure.detail} |")
    Console().print(table)
    place = (
        f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}"
    )
    head = (
        "# Figures\n\nMade by `make bench` (with `TESTS=1` also the whole suite); written by it, not by hand. "
        f"One run, on {place}.\nWhat is compared with something ran in turn with it. "
        "[ADR 15](adr/0015-what-a-preview-costs.md) says what a preview's time is made of.\n\n"
    )
    page.write_text(head + "\n".join(lines) + "\n")
