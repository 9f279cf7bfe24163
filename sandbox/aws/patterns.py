"""IAM's wildcards and policy variables: the one way in which a policy's text is compared with a request's.

A text is taken apart once, when its policy is read; one without variables also gets its comparison then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sandbox.aws.unreadable import PolicyError

Context = Mapping[str, tuple[str, ...]]
"""A request's condition keys, in lower case, each with its values."""

ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_KEY_AND_DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*(?:,\s*'(?P<default>[^']*)')?")
_LITERALS = frozenset("*?$")
_ACTION = re.compile(r"\*|\*:\*|(?P<service>[A-Za-z0-9-]+):(?P<name>[A-Za-z0-9*?]+)")

Parts = tuple[tuple[str, bool], ...]
"""The pieces of a text, each with whether it is literal: in the others `*` and `?` are wildcards."""


@lru_cache(maxsize=4096)
def _compiled(parts: Parts) -> re.Pattern[str]:
    expression = "".join(re.escape(text) if literal else _expression(text) for text, literal in parts)
    return re.compile(expression, re.DOTALL)


@lru_cache(maxsize=4096)
def _compiled_arn(parts: Parts) -> re.Pattern[str]:
    return re.compile(_arn_expression(parts), re.DOTALL)


def _expression(text: str) -> str:
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)


def _arn_expression(parts: Parts) -> str:
    """Give the regular expression for an ARN: a wildcard never reaches over one of the first five colons."""
    fields = [""]
    for text, literal in parts:
        for char in text:
            if char == ":" and len(fields) < ARN_PARTS:
                fields.append("")
                continue
            any_char = "." if len(fields) == ARN_PARTS else "[^:]"
            wild = {"*": any_char + "*", "?": any_char}.get(char) if not literal else None
            fields[-1] += wild or re.escape(char)
    return ":".join(fields)


def _value(variable: str, context: Context) -> str | None:
    """Give what `${variable}` stands for, or None when the request does not say and there is no default."""
    if variable in _LITERALS:
        return variable
    match = _KEY_AND_DEFAULT.fullmatch(variable.strip())
    if match is None:
        return None
    values = context.get(match["key"].lower(), ())
    return values[0] if len(values) == 1 else match["default"]


Comparison = Callable[[str], object]
"""Says by the truth of its answer whether a text is meant."""


def _fixed(text: str, compiled: Callable[[Parts], re.Pattern[str]], begin: int) -> Comparison:
    """Give the quickest comparison for a text without variables, whose wildcards may not stand before `begin`."""
    stem = text.removesuffix("*")
    if not _has_wildcard(stem) and len(stem) >= begin:
        return text.__eq__ if stem == text else lambda value: value.startswith(stem)
    return compiled(((text, False),)).fullmatch


def _has_wildcard(text: str) -> bool:
    return "*" in text or "?" in text


@dataclass(frozen=True)
class Pattern:
    """A text of a policy with wildcards and, where `variables` says so, `${...}` variables."""

    text: str
    variables: bool

    @cached_property
    def has_variables(self) -> bool:
        """Whether what the text means depends on the request."""
        return self.variables and _VARIABLE.search(self.text) is not None

    def _parts(self, context: Context) -> Parts | None:
        """Split the text at its variables, with their values; None when one has no value."""
        parts: list[tuple[str, bool]] = []
        end = 0
        for match in _VARIABLE.finditer(self.text):
            value = _value(match[1], context)
            if value is None:
                return None
            parts += [(self.text[end : match.start()], False), (value, True)]
            end = match.end()
        return (*parts, (self.text[end:], False))

    def resolves(self, context: Context) -> bool:
        """Say whether each variable has a value, or a default."""
        return not self.has_variables or self._parts(context) is not None

    @cached_property
    def _like(self) -> Comparison:
        return _fixed(self.text, _compiled, 0)

    @cached_property
    def _like_arn(self) -> Comparison:
        fields = self.text.split(":", ARN_PARTS - 1)
        return _fixed(self.text, _compiled_arn, len(self.text) - len(fields[-1]))

    def like(self, value: str, context: Context) -> bool:
        """Say whether `value` matches, with `*` and `?` as wildcards."""
        if not self.has_variables:
            return bool(self._like(value))
        parts = self._parts(context)
        return parts is not None and _compiled(parts).fullmatch(value) is not None

    def equals(self, value: str, context: Context) -> bool:
        """Say whether `value` is this text, in which wildcards mean nothing."""
        return self.filled(context) == value

    def filled(self, context: Context) -> str | None:
        """Give the text with its variables' values, or None when one has no value."""
        if not self.has_variables:
            return self.text
        parts = self._parts(context)
        return None if parts is None else "".join(text for text, _ in parts)

    def like_arn(self, arn: str, context: Context) -> bool:
        """Say whether `arn` matches part by part: a wildcard never reaches over one of the first five colons."""
        if self.text == "*":
            return True
        if not self.has_variables:
            return bool(self._like_arn(arn))
        parts = self._parts(context)
        return parts is not None and _compiled_arn(parts).fullmatch(arn) is not None


def arn_pattern(text: str, *, variables: bool) -> Pattern:
    """Read a pattern for ARNs: `*`, or all six parts; raises PolicyError.

    What AWS does with fewer parts depends on the kind of policy, and is not documented.
    """
    if text != "*" and not (text.startswith("arn:") and text.count(":") >= ARN_PARTS - 1):
        raise PolicyError(f"an ARN has six parts, or is '*'; got {text!r}")
    return Pattern(text, variables)


@dataclass(frozen=True, kw_only=True)
class ActionSet:
    """The actions that a statement names; case does not count."""

    names: frozenset[str]
    pattern: re.Pattern[str] | None

    def __contains__(self, action: str) -> bool:
        """Say whether `action`, such as `s3:GetObject`, is one of them."""
        lower = action.lower()
        return lower in self.names or (self.pattern is not None and self.pattern.fullmatch(lower) is not None)


def read_actions(texts: Iterable[str]) -> ActionSet:
    """Read actions such as `s3:Get*` or `*`; raises PolicyError."""
    lower = [text.lower() for text in texts]
    for text in lower:
        if _ACTION.fullmatch(text) is None:
            raise PolicyError(f"an action is '*' or service:name, such as s3:Get*; got {text!r}")
    wild = [text for text in lower if _has_wildcard(text)]
    return ActionSet(
        names=frozenset(lower) - frozenset(wild),
        pattern=re.compile("|".join(map(_expression, wild))) if wild else None,
    )
