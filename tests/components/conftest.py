"""What every component test stands on."""

from __future__ import annotations

import pytest

from tests.components.recorder import Program, run_piece


@pytest.fixture
def registered() -> Program:
    """Run a piece of a Pulumi program without an engine: `registered(lambda: Component("name", args))`."""
    return run_piece
