"""How a call to Prefect's API is made: once or more, in bounded time, with errors that a reader can act on.

Every call that we make can be repeated without harm, so a reply of 503 (SQLite was busy), 429 and a connection that
breaks in a call are tried again. Nothing of a request is ever put into an error: it may hold secrets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from clients.errors import NotFoundError, ServiceError, UnreachableError

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 20
_ATTEMPTS = 6
_LONGEST_WAIT_SECONDS = 30
_LONGEST_QUOTE = 300


class PrefectHttp:
    """Calls over one HTTP client, whose base address is the API's with a closing slash."""

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._sleep = sleep

    @property
    def address(self) -> str:
        """The API's address, for people to read."""
        return without_credentials(str(self._http.base_url).rstrip("/"))

    def call(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a call and give the reply's object, empty when there is none.

        Raises UnreachableError when nothing answers, NotFoundError for 404 and ServiceError for any other refusal.
        """
        import httpx  # noqa: PLC0415  # a quarter of a second that a program which only names a provider need not pay
        import tenacity  # noqa: PLC0415  # likewise

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError))
            | tenacity.retry_if_result(_asks_for_another_try),
            wait=_wait,
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            sleep=self._sleep,
            retry_error_callback=_last_outcome,
        )
        try:
            response = attempts(self._http.request, method, path, json=json)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"Prefect does not answer at {self.address} ({_cause(error)})",
                hint="start it or set landing:prefect.apiUrl",
            ) from error
        if response.is_error or response.is_redirect:
            raise self._refusal(method, path, response)
        return self._json(response)

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        if not response.content:
            return {}
        try:
            reply: object = response.json()
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise ServiceError(
                f"what answers at {self.address} is not Prefect's API",
                status=response.status_code,
                hint="set landing:prefect.apiUrl to the address that ends in /api",
            )
        return cast("dict[str, Any]", reply)

    def _refusal(self, method: str, path: str, response: httpx.Response) -> ServiceError:
        status = response.status_code
        said = _said(response)
        message = f"Prefect at {self.address} answered {method} {path} with {status}{f' ({said})' if said else ''}"
        hints = {
            401: "set landing:prefect.apiKey or landing:prefect.basicAuth as a secret, or PREFECT_API_KEY",
            403: "give the API key's owner the right to manage deployments",
            429: "Prefect limits how often we may call; run it again in a minute",
            503: "Prefect is busy; run it again",
        }
        if response.is_redirect:
            return ServiceError(message, status=status, hint="set landing:prefect.apiUrl to where it redirects")
        if status != 404:  # noqa: PLR2004  # HTTP's own number
            return ServiceError(message, status=status, hint=hints.get(status, ""))
        if said in {"", "Not Found"}:
            # No such path, which is another thing than no such deployment: nothing must look deleted because of it.
            return ServiceError(message, status=status, hint="set landing:prefect.apiUrl to the address ending in /api")
        return NotFoundError(message, status=status)


def without_credentials(url: str) -> str:
    """Give an address without the user and password that may be in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _asks_for_another_try(response: httpx.Response) -> bool:
    return response.status_code in {429, 503}


def _wait(state: Any) -> float:  # noqa: ANN401  # tenacity's RetryCallState, which is imported late
    """Wait as long as the service asks for, else a little longer each time, with chance in it."""
    import tenacity  # noqa: PLC0415  # as in `call`

    jittered = tenacity.wait_random_exponential(multiplier=0.1, max=5)(state)
    if state.outcome.failed:
        return jittered
    asked = _seconds(state.outcome.result().headers.get("Retry-After", ""))
    return jittered if asked is None else min(asked, _LONGEST_WAIT_SECONDS)


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _last_outcome(state: Any) -> httpx.Response:  # noqa: ANN401  # tenacity's RetryCallState, which is imported late
    """Give the last reply, or raise the last error, instead of an error about having tried."""
    return state.outcome.result()


def _said(response: httpx.Response) -> str:
    """Give the service's own reason, without the request that it repeats in its reply to a faulty one."""
    try:
        body: object = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    reply = cast("dict[str, object]", body)
    faults = reply.get("exception_detail")
    if isinstance(faults, list):
        told = [_fault(cast("dict[str, object]", fault)) for fault in cast("list[object]", faults)]
        return "; ".join(told)[:_LONGEST_QUOTE]
    reason = reply.get("detail") or reply.get("exception_message") or ""
    return reason[:_LONGEST_QUOTE] if isinstance(reason, str) else ""


def _fault(fault: Mapping[str, object]) -> str:
    location = cast("list[object]", fault.get("loc") or [])
    return f"{'.'.join(map(str, location[1:]))}: {fault.get('msg')}"


def _cause(error: Exception) -> str:
    """Say in a few words why a call did not come through."""
    import httpx  # noqa: PLC0415  # as in `call`

    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {TIMEOUT_SECONDS} s"
    return str(error) or type(error).__name__
