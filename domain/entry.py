"""What is common to all parts of a config entry, and the small types that they share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from domain.flow_deployments import entrypoint_parts


class Entry(BaseModel):
    """A part of a config entry: keys in camel case, no key that is not known, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


def matching(pattern: str, allowed: str) -> AfterValidator:
    """Make a rule for texts that wholly match `pattern`; `allowed` says in words what that is."""
    compiled = re.compile(pattern, re.DOTALL)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} is not allowed: {allowed}")
        return text

    return AfterValidator(check)


def _not_empty(items: tuple[object, ...]) -> tuple[object, ...]:
    if not items:
        raise ValueError("needs at least one entry")
    return items


AT_LEAST_ONE = AfterValidator(_not_empty)

FeedName = Annotated[
    str, matching(r"[a-z][a-z0-9-]{0,31}", "at most 32 lower-case letters, digits and hyphens, the first a letter")
]


def _entry_point(text: str) -> str:
    entrypoint_parts(text)
    return text


EntryPoint = Annotated[str, AfterValidator(_entry_point)]
"""A file below the repository's root, and a flow in it."""
SnowflakeName = Annotated[
    str, matching(r"[^\0]{1,255}", "a name in Snowflake has 1 to 255 characters, none of them NUL")
]
