"""How a call to Prefect's API is made: once or more, in bounded time, with errors that a reader can act on.

Every call that we make can be repeated without harm, so a reply of 503 (SQLite was busy), 429, a connection that
breaks in a call and a first silence are tried again. Writes go one after the other: a server on SQLite answers 503 to
most that meet.
"""

from __future__ import annotations

import functools
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urlsplit, urlunsplit

from clients.errors import ServiceError, UnreachableError
from clients.prefect_refusals import cause, refusal, said

if TYPE_CHECKING:
    import httpx
    from pydantic import TypeAdapter

ReplyT = TypeVar("ReplyT")

TIMEOUT_SECONDS = 20
_ATTEMPTS = 6
_LONGEST_WAIT_SECONDS = 30
_FORBIDDEN = 403


class PrefectHttp:
    """Calls over one HTTP client, whose base address is the API's with a closing slash; for any number of threads."""

    def __init__(self, http: httpx.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._sleep = sleep
        self._writing = threading.Lock()
        self._csrf: dict[str, str] = {}

    @property
    def address(self) -> str:
        """The API's address, for people to read."""
        return without_credentials(str(self._http.base_url).rstrip("/"))

    def call(self, method: str, path: str, json: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a call and give the reply's object, empty when there is none.

        Raises UnreachableError when nothing answers, NotFoundError for 404 and ServiceError for any other refusal.
        """
        return self._object(self._answer(method, path, json))

    def read(self, path: str) -> tuple[dict[str, Any], str]:
        """Get an object, and when it was so by the server's own clock, in ISO 8601; raises as `call`."""
        response = self._answer("GET", path, None)
        date = response.headers.get("Date")
        at = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return self._object(response), at.isoformat()

    def listed(self, path: str, json: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask for objects that match, and give them; raises as `call`."""
        response = self._answer("POST", path, json)
        reply = self._json(response)
        if not isinstance(reply, list):
            raise self._stranger(response.status_code)
        return cast("list[dict[str, Any]]", reply)

    def parsed(self, reply_type: type[ReplyT], reply: Mapping[str, Any]) -> ReplyT:
        """Give a reply as an object of ours; raises ServiceError when it is of another form."""
        from pydantic import ValidationError  # noqa: PLC0415  # as in `_adapter`

        try:
            return cast("ReplyT", _adapter(reply_type).validate_python(reply))
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False))
            raise ServiceError(
                f"Prefect at {self.address} answered in a form that is not known here ({fields})",
                hint="use a Prefect 3 server",
            ) from None

    def _answer(self, method: str, path: str, json: Mapping[str, Any] | None) -> httpx.Response:
        import httpx  # noqa: PLC0415  # a quarter of a second that a program which only names a provider need not pay
        import tenacity  # noqa: PLC0415  # likewise

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(
                (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadTimeout)
            )
            | tenacity.retry_if_result(_asks_for_another_try),
            wait=_wait,
            stop=_is_enough,
            sleep=self._sleep,
            retry_error_callback=_last_outcome,
        )
        turn: AbstractContextManager[object] = nullcontext() if method == "GET" else self._writing
        try:
            with turn:
                response = attempts(self._send, method, path, json)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            why, hint = cause(error, TIMEOUT_SECONDS)
            raise UnreachableError(f"Prefect does not answer at {self.address} ({why})", hint=hint) from error
        if response.is_error or response.is_redirect:
            raise refusal(self.address, method, path, response, json or {})
        return response

    def _send(self, method: str, path: str, json: Mapping[str, Any] | None) -> httpx.Response:
        """Send a request, with a new token against forgery where the server asks for one."""
        response = self._http.request(method, path, json=json, headers=self._csrf)
        if response.status_code != _FORBIDDEN or "CSRF token" not in said(response):
            return response
        client = str(uuid.uuid4())
        given = self._http.get("csrf-token", params={"client": client})
        if _asks_for_another_try(given):
            return given
        if given.is_error:
            # Never a NotFoundError: it is not what the caller asked for that is missing.
            fault = refusal(self.address, "GET", "csrf-token", given, {})
            raise ServiceError(fault.message, status=fault.status, hint=fault.hint)
        self._csrf = {"Prefect-Csrf-Token": str(given.json()["token"]), "Prefect-Csrf-Client": client}
        return self._http.request(method, path, json=json, headers=self._csrf)

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        reply = self._json(response) if response.content else None
        if reply is None:
            return {}
        if not isinstance(reply, dict):
            raise self._stranger(response.status_code)
        return cast("dict[str, Any]", reply)

    def _json(self, response: httpx.Response) -> object:
        try:
            return response.json()
        except ValueError:
            raise self._stranger(response.status_code) from None

    def _stranger(self, status: int) -> ServiceError:
        return ServiceError(
            f"what answers at {self.address} is not Prefect's API",
            status=status,
            hint="set landing:prefect.apiUrl to the address that ends in /api",
        )


def segment(name: str) -> str:
    """Give a name as a part of a path."""
    return quote(name, safe="")


def without_credentials(url: str) -> str:
    """Give an address without the user and password that may be in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@functools.cache
def _adapter(type_: Any) -> TypeAdapter[Any]:  # noqa: ANN401  # any reply's type
    from pydantic import TypeAdapter  # noqa: PLC0415  # 130 ms that a program which only names a provider need not pay

    return TypeAdapter(type_)


def _asks_for_another_try(response: httpx.Response) -> bool:
    return response.status_code in {429, 503}


def _is_enough(state: Any) -> bool:  # noqa: ANN401  # as in `_wait`
    """Whether to try no more; after a second silence too: on SQLite a single call may hang (seen once), not two."""
    import httpx  # noqa: PLC0415  # as in `_answer`

    is_silent = state.outcome.failed and isinstance(state.outcome.exception(), httpx.ReadTimeout)
    return state.attempt_number >= _ATTEMPTS or (is_silent and state.seconds_since_start > _LONGEST_WAIT_SECONDS)


def _wait(state: Any) -> float:  # noqa: ANN401  # tenacity's RetryCallState, which is imported late
    """Wait as long as the service asks for, else a little longer each time, with chance in it."""
    import tenacity  # noqa: PLC0415  # as in `_answer`

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
