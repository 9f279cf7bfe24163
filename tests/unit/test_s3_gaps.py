"""What the sandbox mends in moto's S3."""

from __future__ import annotations

from typing import Any, cast

from moto.s3.models import FakeBucket

from sandbox.aws.s3_gaps import items_of, values_of


class _Version:
    def dispose(self) -> None:
        """As moto's own objects, which are thrown away with their key."""


def test_objects_may_go_while_others_are_listed() -> None:
    store = cast("Any", FakeBucket("bucket", "123456789012", "us-east-1")).keys
    for key in ("a", "b", "c"):
        store[key] = _Version()
    items, values = items_of(store), values_of(store)
    assert (next(items)[0], next(values)) == ("a", store["a"])
    kept = store["c"]
    store.pop("b")
    assert [key for key, _ in items][-1] == "c"
    assert list(values)[-1] is kept
