"""What goes wrong between us and a service, in four classes that every client shares."""

from __future__ import annotations


class ServiceError(Exception):
    """A service refused a call or failed in it.

    `status` is the service's own code for the fault (an HTTP status, a SQL error number), where it gave one; `hint`
    says what the reader can do about it.
    """

    def __init__(self, message: str, *, status: int | None = None, hint: str = "") -> None:
        super().__init__(message, status, hint)
        self.message = message
        self.status = status
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UnreachableError(ServiceError):
    """The service did not answer at all: whether it did what was asked is not known."""


class NotFoundError(ServiceError):
    """What the call is about does not exist at the service."""


class NotYetError(ServiceError):
    """The service refused for what it does not know yet, or for what is under way: a later try may succeed."""
