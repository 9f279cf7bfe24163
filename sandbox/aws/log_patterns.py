# pyright: reportUnknownMemberType=false
# pyparsing types its parse actions and what they give as Any.
"""JSON filter patterns of CloudWatch Logs: read once, then asked of each log event.

`{ ($.activity-type = "AUTH_FAILURE") && ($.user = "a*" || $.user = "b") }`. Left out, and so refused: patterns for
plain and for space-delimited text, and regular expressions (`%...%`).
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
"""

from __future__ import annotations

import json
import operator
import re
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias, cast

import pyparsing as pp

Event: TypeAlias = object
"""A log event's message, read as JSON; a message that is no JSON matches no JSON pattern."""
Test: TypeAlias = Callable[[Event], bool]


class PatternError(ValueError):
    """A filter pattern that cannot be read, or that the sandbox does not serve."""


class _Missing:
    """The value of a property that an event does not have."""


MISSING = _Missing()


def select(selector: str, event: Event) -> object:
    """Give what `selector` (`$.a.b[0]`) names in an event, or MISSING; raises PatternError for another spelling."""
    if not re.fullmatch(_SELECTOR, selector):
        raise PatternError(f"{selector!r} is not a selector such as $.user")
    found = event
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", selector):
        match found:
            case dict() if name in (entries := cast("Mapping[str, object]", found)):
                found = entries[name]
            case list() if index and int(index) < len(items := cast("list[object]", found)):
                found = items[int(index)]
            case _:
                return MISSING
    return found


@cache
def read_pattern(pattern: str) -> Test:
    """Give the test that a filter pattern makes; an empty pattern matches all. Raises PatternError."""
    text = pattern.strip()
    if not text:
        return lambda _event: True
    if not text.startswith("{"):
        raise PatternError('the sandbox serves JSON patterns alone, such as { $.user = "a" }')
    try:
        # The library finds out how many arguments an action takes by trying, which two threads at once upset.
        with _ONE_AT_A_TIME:
            return cast("Test", _GRAMMAR.parse_string(text, parse_all=True)[0])
    except pp.ParseException as error:
        raise PatternError(f"it cannot be read from {text[error.loc :][:20]!r}, at character {error.loc}") from error
    except RecursionError as error:
        raise PatternError("its parentheses are nested too deep") from error


def read_event(message: str) -> Event:
    """Give a log event's message as a pattern sees it."""
    try:
        return json.loads(message)
    except ValueError:
        return MISSING


_ONE_AT_A_TIME = threading.Lock()
_SELECTOR = r"\$(?:\.[\w-]+|\[\d+\])+"
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.*:/-])"
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def _texts(tokens: pp.ParseResults) -> list[str]:
    return cast("list[str]", tokens.as_list())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compare_number(tokens: pp.ParseResults) -> Test:
    selector, sign, text = _texts(tokens)
    wanted = float(text)

    def test(event: Event) -> bool:
        found = select(selector, event)
        if sign in _ORDER:
            return _is_number(found) and _ORDER[sign](found, wanted)
        equal = found == wanted if _is_number(found) else found == text
        return found is not MISSING and equal is (sign == "=")

    return test


def _compare_text(tokens: pp.ParseResults) -> Test:
    selector, sign, text = _texts(tokens)
    pattern = re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)

    def test(event: Event) -> bool:
        found = select(selector, event)
        if not isinstance(found, str) and not _is_number(found):
            return False
        return bool(pattern.fullmatch(str(found))) is (sign == "=")

    return test


def _is_word(tokens: pp.ParseResults) -> Test:
    selector, word = _texts(tokens)
    wanted = {"NULL": None, "TRUE": True, "FALSE": False}[word]
    return lambda event: select(selector, event) is wanted


def _not_exists(tokens: pp.ParseResults) -> Test:
    (selector,) = _texts(tokens)
    return lambda event: select(selector, event) is MISSING


def _joined(join: Callable[[list[bool]], bool]) -> Callable[[pp.ParseResults], Test]:
    def build(tokens: pp.ParseResults) -> Test:
        tests = cast("list[Test]", tokens.as_list())
        return tests[0] if len(tests) == 1 else lambda event: join([test(event) for test in tests])

    return build


def _grammar() -> pp.ParserElement:
    """Give the grammar; `&&` binds closer than `||`."""
    selector = pp.Regex(_SELECTOR)
    word = pp.QuotedString('"', esc_char="\\") | pp.Regex(r"[\w.*:/-]+")
    comparison = (
        (selector + pp.one_of("= != <= >= < >") + pp.Regex(_NUMBER)).set_parse_action(_compare_number)
        | (selector + pp.one_of("= !=") + word).set_parse_action(_compare_text)
        | (selector + pp.Suppress("IS") + pp.one_of("NULL TRUE FALSE")).set_parse_action(_is_word)
        | (selector + pp.Suppress("NOT") + pp.Suppress("EXISTS")).set_parse_action(_not_exists)
    )
    either = pp.Forward()
    factor = comparison | pp.Suppress("(") + either + pp.Suppress(")")
    every = pp.DelimitedList(factor, delim="&&").set_parse_action(_joined(all))
    either <<= pp.DelimitedList(every, delim="||").set_parse_action(_joined(any))
    return pp.Suppress("{") + either + pp.Suppress("}")


_GRAMMAR = _grammar()
