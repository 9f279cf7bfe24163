"""IAM's wildcards and policy variables: the one way in which a policy's text is compared with a request's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""A request's condition keys, in lower case, each with its values."""

_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_KEY_AND_DEFAULT = re.compile(r"(?P<key>[^,]+?)\s*(?:,\s*'(?P<default>[^']*)')?")
_LITERALS = frozenset("*?$")


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


def _expression(text: str) -> str:
    """Give the regular expression for a text in which only `*` and `?` are special."""
    return "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)


def _value(variable: str, context: Context) -> str | None:
    """Give what `${variable}` stands for, or None when the request does not say and there is no default."""
    if variable in _LITERALS:
        return variable
    match = _KEY_AND_DEFAULT.fullmatch(variable.strip())
    if match is None:
        return None
    values = context.get(match["key"].lower(), ())
    return values[0] if len(values) == 1 else match["default"]


@dataclass(frozen=True)
class Pattern:
    """A text of a policy with wildcards and, where `variables` says so, `${...}` variables."""

    text: str
    variables: bool

    def _parts(self, context: Context) -> list[tuple[str, bool]] | None:
        """Split the text into pieces, each with whether it is literal; None when a variable has no value."""
        if not (self.variables and "${" in self.text):
            return [(self.text, False)]
        parts: list[tuple[str, bool]] = []
        end = 0
        for match in _VARIABLE.finditer(self.text):
            value = _value(match[1], context)
            if value is None:
                return None
            parts += [(self.text[end : match.start()], False), (value, True)]
            end = match.end()
        return [*parts, (self.text[end:], False)]

    def like(self, value: str, context: Context) -> bool:
        """Say whether `value` matches, with `*` and `?` as wildcards."""
        if self.text == "*":
            return True
        parts = self._parts(context)
        if parts is None:
            return False
        expression = "".join(re.escape(text) if literal else _expression(text) for text, literal in parts)
        return _compiled(expression).fullmatch(value) is not None

    def equals(self, value: str, context: Context) -> bool:
        """Say whether `value` is this text, in which wildcards mean nothing."""
        filled = self.filled(context)
        return filled is not None and filled == value

    def filled(self, context: Context) -> str | None:
        """Give the text with its variables' values, or None when one has no value."""
        parts = self._parts(context)
        return None if parts is None else "".join(text for text, _ in parts)

    def like_arn(self, arn: str, context: Context) -> bool:
        """Say whether `arn` matches part by part: a wildcard never reaches over one of the first five colons."""
        if self.text == "*":
            return True
        parts = self._parts(context)
        if parts is None:
            return False
        return _compiled(_arn_expression(tuple(parts))).fullmatch(arn) is not None


@lru_cache(maxsize=4096)
def _arn_expression(parts: tuple[tuple[str, bool], ...]) -> str:
    """Give the regular expression for an ARN; what a short ARN leaves out matches everything."""
    fields = [""]
    for text, literal in parts:
        for char in text:
            if char == ":" and len(fields) < _ARN_PARTS:
                fields.append("")
                continue
            any_char = "." if len(fields) == _ARN_PARTS else "[^:]"
            wild = {"*": any_char + "*", "?": any_char}.get(char) if not literal else None
            fields[-1] += wild or re.escape(char)
    fields += ["[^:]*"] * (_ARN_PARTS - 1 - len(fields))
    if len(fields) < _ARN_PARTS:
        fields.append(".*")
    return ":".join(fields)


@lru_cache(maxsize=4096)
def _action_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(_expression(pattern), re.DOTALL | re.IGNORECASE)


def action_matches(pattern: str, action: str) -> bool:
    """Say whether `action`, such as `s3:GetObject`, matches a policy's action; case does not count."""
    return _action_pattern(pattern).fullmatch(action) is not None
