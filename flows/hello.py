"""The smallest flow: it shows that a run takes its code from Git, and from which commit."""

from __future__ import annotations

from pathlib import Path

from git import Repo
from prefect import flow, get_run_logger


@flow
def hello(partner: str = "partner") -> str:
    """Greet a partner, and name the commit that this code is from."""
    with Repo(Path(__file__), search_parent_directories=True) as repository:
        commit = repository.head.commit.hexsha
    greeting = f"Hello, {partner}! This is commit {commit[:12]}."
    get_run_logger().info(greeting)
    return greeting
