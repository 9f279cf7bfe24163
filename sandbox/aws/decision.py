"""What the policy evaluator answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a request is allowed, and why."""

    allowed: bool
    reason: str
    """The end of AWS's own sentence, such as `because no session policy allows the s3:GetObject action`."""

    explicit: bool = False
    """Whether a Deny statement says no, rather than no Allow statement yes."""

    def __bool__(self) -> bool:
        return self.allowed


class AccessDeniedError(Exception):
    """A caller may not do what it asked for; the text is AWS's own sentence."""
