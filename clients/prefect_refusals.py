"""What Prefect's refusals say to a reader: its own reason and what to do, and nothing of the request, which it repeats.

A request may hold secrets among its parameters, so the texts in them are never quoted.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from clients.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    import httpx

_LONGEST_QUOTE = 300
_NOT_FOUND = 404
_VALUES = ("parameters", "job_variables", "schedules")
"""The parts of a request whose texts are the user's own."""
_HINTS = {
    401: "set landing:prefect.apiKey or landing:prefect.basicAuth as a secret, or PREFECT_API_KEY",
    403: "give the API key's owner the right to manage deployments",
    429: "Prefect limits how often we may call; run it again in a minute",
    503: "Prefect is busy; run it again",
}


def refusal(address: str, method: str, path: str, response: httpx.Response, request: Mapping[str, Any]) -> ServiceError:
    """Give the error for a reply that is none of success; NotFoundError where what was asked for is not there."""
    status = response.status_code
    reason = _without_texts_of(request, said(response))
    message = f"Prefect at {address} answered {method} {path} with {status}{f' ({reason})' if reason else ''}"
    if response.is_redirect:
        return ServiceError(message, status=status, hint="set landing:prefect.apiUrl to where it redirects")
    if status != _NOT_FOUND:
        return ServiceError(message, status=status, hint=_HINTS.get(status, ""))
    if reason in {"", "Not Found"}:
        # No such path, which is another thing than no such deployment: nothing must look deleted because of it.
        return ServiceError(message, status=status, hint="set landing:prefect.apiUrl to the address ending in /api")
    return NotFoundError(message, status=status)


def said(response: httpx.Response) -> str:
    """Give the service's own reason in one line, without the request that it repeats in its reply to a faulty one."""
    try:
        body: object = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    reply = cast("dict[str, object]", body)
    faults = reply.get("exception_detail")
    if isinstance(faults, list):
        return "; ".join(_fault(cast("dict[str, object]", fault)) for fault in cast("list[object]", faults))
    reason = reply.get("detail") or reply.get("exception_message") or ""
    return reason.partition("\n")[0] if isinstance(reason, str) else ""


def cause(error: Exception, timeout_seconds: int) -> tuple[str, str]:
    """Say in a few words why a call did not come through, and what to do about it."""
    import httpx  # noqa: PLC0415  # a quarter of a second that a program which only names a provider need not pay

    start = "start it or set landing:prefect.apiUrl"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {timeout_seconds} s", start
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error)):
        return (
            f"its certificate is not to be trusted: {_certificate_fault(error)}",
            "set landing:prefect.caBundle to a PEM file with the certificate of the authority that signed it",
        )
    return str(error) or type(error).__name__, start


def _certificate_fault(error: Exception) -> str:
    (fault,) = [each for each in _chain(error) if isinstance(each, ssl.SSLCertVerificationError)][:1]
    return fault.verify_message


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _fault(fault: Mapping[str, object]) -> str:
    location = cast("list[object]", fault.get("loc") or [])
    reason = str(fault.get("msg")).removeprefix("Value error, ").partition("\n")[0]
    where = ".".join(map(str, location[1:]))
    return f"{where}: {reason}" if where else reason


def _without_texts_of(request: Mapping[str, Any], reason: str) -> str:
    for text in sorted(set(_texts([request.get(name) for name in _VALUES])), key=len, reverse=True):
        reason = reason.replace(repr(text), "'...'")
    return reason[:_LONGEST_QUOTE]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in cast("dict[str, object]", value).values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[object]", value):
            yield from _texts(item)
