"""How much of a machine a job may have, as Kubernetes and Docker write it."""

from __future__ import annotations

import re
from decimal import Decimal

_CPU = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>m?)")
_MEMORY = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>([kMGTPE]|[KMGTPE]i)?)")
"""No `m`, which Kubernetes takes too: 400m of memory is less than a byte, and never what somebody meant."""
_DOCKER_MEMORY = re.compile(r"(?P<number>[0-9]+)(?P<unit>[bkmg]?)")
_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(1000),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def cpus(text: str) -> Decimal:
    """Read a number of CPUs as Kubernetes writes it; raises ValueError."""
    return _amount(_CPU, text, "a number of CPUs, such as '2' or '500m' for half of one")


def memory(text: str) -> Decimal:
    """Read an amount of memory as Kubernetes writes it, in bytes; raises ValueError."""
    return _amount(_MEMORY, text, "an amount of memory for Kubernetes, such as '512Mi' or '2Gi'")


def check_docker_memory(text: str) -> None:
    """Refuse what is not an amount of memory as Docker writes it, with ValueError."""
    if not _DOCKER_MEMORY.fullmatch(text):
        raise ValueError(f"{text!r} is not an amount of memory for Docker, such as '512m' or '2g'")


def _amount(form: re.Pattern[str], text: str, meant: str) -> Decimal:
    found = form.fullmatch(text)
    if not found or not Decimal(found["number"]):
        raise ValueError(f"{text!r} is not {meant}")
    return Decimal(found["number"]) * _UNITS[found["unit"]]
