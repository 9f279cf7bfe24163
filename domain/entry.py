"""What is common to all parts of a config entry, and the small types that they share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


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
EntryPoint = Annotated[
    str,
    matching(
        r"(?!/)(?!.*\.\.)[\w./-]+\.py:[A-Za-z_]\w*",
        "a file of this repository and a flow in it, such as 'flows/reconcile.py:reconcile'",
    ),
]
SnowflakeName = Annotated[
    str, matching(r"[^\0]{1,255}", "a name in Snowflake has 1 to 255 characters, none of them NUL")
]
