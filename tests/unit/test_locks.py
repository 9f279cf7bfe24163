from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.lock import LOCKS

CHECKOUT = Path(__file__).parents[2]
ENTRY = re.compile(r"^[a-z0-9][a-z0-9._-]*==\S+( ; .+?)?( \\\n    --hash=sha256:[0-9a-f]{64})+$", re.MULTILINE)


def test_every_lock_of_the_checkout_is_compiled_by_make_lock() -> None:
    assert {f"{lock}.txt" for lock in LOCKS} == {file.name for file in CHECKOUT.glob("requirements*.txt")}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: str) -> None:
    text = (CHECKOUT / f"{lock}.txt").read_text()
    assert ENTRY.search(text)
    assert ENTRY.sub("", text).strip() == ""


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_knows_what_is_asked_for(lock: str) -> None:
    asked = re.findall(r"^([a-z0-9][a-z0-9-]*)", (CHECKOUT / f"{lock}.in").read_text(), re.MULTILINE)
    locked = re.findall(r"^([a-z0-9][a-z0-9-]*)==", (CHECKOUT / f"{lock}.txt").read_text(), re.MULTILINE)
    assert set(asked) <= set(locked)


def test_the_product_has_the_same_versions_alone_and_beside_the_rest() -> None:
    product, everything = (
        set(re.findall(r"^\S+==\S+", (CHECKOUT / f"{lock}.txt").read_text(), re.MULTILINE)) for lock in LOCKS[:2]
    )
    assert product <= everything
