"""Faults in what a person configured: each with the key as typed, all of them told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in the configuration."""

    key: str
    """Where, as the person typed it: `landing:partners[1].feeds[0].format`."""
    message: str
    """The value, what is allowed, and the fix, in one sentence."""

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class ConfigurationError(Exception):
    """The configuration has faults; the message lists every one of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(f"{count} in the stack's configuration:\n" + "\n".join(f"  {fault}" for fault in self.faults))


def path_of(key: str, location: Iterable[str | int]) -> str:
    """Write a place inside a config value as a person would type it: `landing:partners[1].feeds[0].format`."""
    path = key
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path


def parse(adapter: TypeAdapter[T], value: object, *, key: str, faults: list[Fault], context: object = None) -> T | None:
    """Check `value` against a type; what is wrong joins `faults`, and then there is no result."""
    try:
        return adapter.validate_python(value, context=context, by_alias=True, by_name=False)
    except ValidationError as error:
        faults.extend(faults_in(error, value, key=key))
        return None


def faults_in(error: ValidationError, value: object, *, key: str) -> list[Fault]:
    """Tell in our words what pydantic found wrong with a value."""
    # The place inside a union names the tried branch too; no reader typed that, so only real keys and indexes stay.
    return [
        Fault(path_of(key, _typed_location(value, details["loc"])), _sentence(details)) for details in error.errors()
    ]


def _typed_location(value: object, location: Sequence[str | int]) -> list[str | int]:
    typed: list[str | int] = []
    here = value
    for position, step in enumerate(location):
        if isinstance(here, dict):
            members = cast("dict[str | int, object]", here)
            if step not in members and position + 1 < len(location):
                continue
            typed.append(step)
            here = members.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            items = cast("list[object]", here)
            typed.append(step)
            here = items[step] if step < len(items) else None
    return typed


_PRIVATE = ("PRIVATE KEY-----", "Private-Lines:")
"""What stands in the text of a private key, in the forms of OpenSSL, OpenSSH and PuTTY."""


def _sentence(details: ErrorDetails) -> str:
    said = _what_is_wrong(details)
    if any(mark in said for mark in _PRIVATE):
        return (
            "holds the text of a private key, which is not repeated here: treat it as exposed, make a new pair, and "
            "say here what belongs here"
        )
    return said


def _what_is_wrong(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    given = details["input"]
    shown = "what stands here (nothing)" if given is None else _shortened(repr(given))
    kinds = {
        "model_type": "is not a mapping; write its keys below it, each as `key: value`",
        "dict_type": "is not a mapping; write its keys below it, each as `key: value`",
        "tuple_type": "is not a list; write each entry on a line of its own that begins with `-`",
        "string_type": "is not a text; write one, in quotes where it looks like a number",
    }
    sentences: dict[str, Callable[[], str]] = {
        "missing": lambda: "is missing; add it",
        "extra_forbidden": lambda: "is not a key that is known here; remove it or correct its spelling",
        "literal_error": lambda: f"{given!r} is not one of {_listed(context['expected'])}",
        "too_long": lambda: _too_long(given, context["max_length"]),
        "string_too_long": lambda: _too_long(given, context["max_length"]),
        "value_error": lambda: str(context["error"]),
    }
    known = sentences.get(details["type"])
    if known:
        return known()
    if details["type"] in kinds:
        return f"{shown} {kinds[details['type']]}"
    message = details["msg"]
    return f"{shown} is not allowed: {message[:1].lower()}{message[1:]}"


def _too_long(given: object, limit: int) -> str:
    sized = cast("str | list[object]", given)
    unit = "characters" if isinstance(given, str) else "entries"
    return f"has {len(sized)} {unit}, and at most {limit} are allowed; leave some out"


def _shortened(text: str) -> str:
    limit = 80
    return text if len(text) <= limit else text[:limit] + "..."


def _listed(expected: str) -> str:
    """Turn pydantic's `'csv', 'json' or 'parquet'` into `csv, json, parquet`."""
    return expected.replace("'", "").replace(" or ", ", ")
