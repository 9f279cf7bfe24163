"""When two property values mean the same to the service, however they are spelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from sandbox.plugins.wire import Value, has_unknown


def same(one: Value, other: Value) -> bool:
    """Compare two values: policies by meaning, numbers and booleans also as text, lists without their order.

    What is not known yet is never the same.
    """
    if has_unknown(one) or has_unknown(other):
        return False
    return canonical(one) == canonical(other)


def same_in_order(one: Value, other: Value) -> bool:
    """Compare two values whose lists keep their order, such as a table's columns."""
    if has_unknown(one) or has_unknown(other):
        return False
    return canonical(one, ordered=True) == canonical(other, ordered=True)


def same_words(one: Value, other: Value) -> bool:
    """Compare two statements by their words: runs of white space and a closing semicolon mean nothing."""
    if not isinstance(one, str) or not isinstance(other, str):
        return same(one, other)
    return one.rstrip("; \n").split() == other.rstrip("; \n").split()


def same_where_both_say(one: Value, other: Value) -> bool:
    """Compare two objects by the keys that both have: the service fills in the rest."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return same(one, other)
    left, right = cast("Mapping[str, Value]", one), cast("Mapping[str, Value]", other)
    return all(same(left[key], right[key]) for key in left.keys() & right.keys())


def canonical(value: Value, *, ordered: bool = False) -> Value:
    """Give the one form of a value that all its spellings share; an empty value is None."""
    match value:
        case None | "" | False:
            return None
        case bool() | int() | float():
            return "true" if value is True else str(int(value)) if float(value).is_integer() else str(value)
        case str():
            document = _document(value)
            return ("policy", _policy(document)) if document is not None else value
        case dict():
            kept = {key: canonical(item, ordered=ordered) for key, item in cast("Mapping[str, Value]", value).items()}
            return {key: item for key, item in kept.items() if item is not None} or None
        case list():
            items = [canonical(item, ordered=ordered) for item in cast("list[Value]", value)]
            return (items if ordered else sorted(items, key=_sort_key)) or None
        case _:
            return value


def _document(text: str) -> Value:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _policy(value: Value) -> Value:
    """Order and single-element lists mean nothing in a policy document; letters and values do."""
    match value:
        case dict():
            return {key: _policy(item) for key, item in cast("Mapping[str, Value]", value).items()}
        case list():
            items = sorted((_policy(item) for item in cast("list[Value]", value)), key=_sort_key)
            return items[0] if len(items) == 1 else items
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return value


def _sort_key(value: Value) -> str:
    return json.dumps(value, sort_keys=True, default=str)
