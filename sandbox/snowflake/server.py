# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (fakesnow's server is not typed)
"""The sandbox's Snowflake over HTTP: log in, ask, be answered; never a status that makes a client wait and retry."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import logging
import signal
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import Any, cast

import fakesnow.server as fake
import uvicorn
from fakesnow.conn import FakeSnowflakeConnection
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from sandbox.home import LOOPBACK, SandboxHome
from sandbox.snowflake.absent_moments import keep_absent_moments
from sandbox.snowflake.admission import admit, is_query
from sandbox.snowflake.context import in_context
from sandbox.snowflake.engine import Engine
from sandbox.snowflake.errors import SnowflakeError, internal
from sandbox.snowflake.loading import Loader
from sandbox.snowflake.login import Door, session_data
from sandbox.snowflake.reply import Reply
from sandbox.snowflake.rights import admit_statement, require_relations
from sandbox.snowflake.session import Account, Session
from sandbox.snowflake.sessions import IDLE_SECONDS, Sessions
from sandbox.snowflake.snowpipe import Snowpipe
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.statements.copy_into import copy_into
from sandbox.snowflake.statements.dispatch import handler_of
from sandbox.snowflake.storage import Storage
from sandbox.snowflake.store import ObjectStore
from sandbox.snowflake.users import found_account

_LOG = logging.getLogger(__name__)
_NO_SESSION = ("390111", "Session no longer exists. New login required to access the service.")


class Front:
    """The HTTP requests of Snowflake's clients, answered for one account."""

    def __init__(self, door: Door, sessions: Sessions) -> None:
        self._door = door
        self._sessions = sessions

    def application(self) -> Starlette:
        """Give the web application: these routes before fakesnow's own."""
        routes: list[BaseRoute] = [
            Route("/_sandbox/health", self.health, methods=["GET"]),
            Route("/session/v1/login-request", self.log_in, methods=["POST"]),
            Route("/session", self.keep_or_end, methods=["POST"]),
            Route("/session/heartbeat", self.keep_or_end, methods=["POST"]),
            Route("/session/token-request", self.renew, methods=["POST"]),
            Route("/queries/v1/query-request", self.ask, methods=["POST"]),
            Route("/telemetry/send", self.ignore, methods=["POST"]),
            Route("/telemetry/send/sessionless", self.ignore, methods=["POST"]),
        ]
        return Starlette(routes=[*routes, *fake.routes])

    async def health(self, _: Request) -> JSONResponse:
        """Say that the part works."""
        return JSONResponse({"status": "ok"})

    async def ignore(self, _: Request) -> JSONResponse:
        """Take a client's telemetry and keep none of it."""
        return JSONResponse({"success": True, "code": None, "message": None, "data": None})

    async def log_in(self, request: Request) -> JSONResponse:
        """Open a session for a user of the account."""
        data = cast("dict[str, Any]", (await _json_of(request)).get("data") or {})
        try:
            session = await run_in_threadpool(self._door.open, data, request.query_params)
        except SnowflakeError as error:
            _LOG.info("%s: %s", error.code, error.message)
            return _failure(error.code, error.message, {"authnMethod": "USERNAME_PASSWORD"})
        token = await run_in_threadpool(self._sessions.open, session)
        return JSONResponse({"success": True, "code": None, "message": None, "data": session_data(token, session)})

    async def keep_or_end(self, request: Request) -> JSONResponse:
        """Answer a heartbeat, which keeps a session, or end one."""
        token = _token_of(request)
        if self._sessions.find(token) is None:
            return _failure(*_NO_SESSION)
        if request.query_params.get("delete"):
            await run_in_threadpool(self._sessions.end, token)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    async def renew(self, request: Request) -> JSONResponse:
        """Renew a client's token, which stays what it was."""
        token = _token_of(request)
        if self._sessions.find(token) is None:
            return _failure(*_NO_SESSION)
        life = {"validityInSecondsST": int(IDLE_SECONDS), "validityInSecondsMT": int(IDLE_SECONDS)}
        tokens = {"sessionToken": token, "masterToken": token, **life}
        return JSONResponse({"data": tokens, "code": None, "message": None, "success": True})

    async def ask(self, request: Request) -> JSONResponse:
        """Answer a statement: by its family here, or by the engine."""
        session = self._sessions.find(_token_of(request))
        if session is None:
            return _failure(*_NO_SESSION)
        try:
            asked = await _json_of(request)
            sql = str(asked.get("sqlText", ""))
            answer, settle = await run_in_threadpool(_answer, session, sql)
            if isinstance(answer, Reply):
                return _success(session, answer)
            told = await _ask_engine(request, {**asked, "sqlText": answer})
            if settle is not None:
                await run_in_threadpool(settle)
        except SnowflakeError as error:
            _LOG.info("%s: %s", error.code, error.message)
            return _refusal(error)
        except Exception as error:  # noqa: BLE001 # whatever it is, the client gets an SQL error and the log the cause
            _LOG.exception("a statement failed for a fault of the sandbox")
            return _refusal(internal(error))
        else:
            return told


def _token_of(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix('Snowflake Token="').removesuffix('"')


def _answer(session: Session, sql: str) -> tuple[Reply | str, Callable[[], None] | None]:
    """Give the reply to a statement, or the SQL with which the engine is to be asked and what to do after it."""
    with session.running:
        settlement = admit_statement(session, sql)
        if isinstance(settlement, Reply):
            return settlement, None
        statement = Statement(sql)
        handler = handler_of(statement)
        if handler is not None:
            with nullcontext() if is_query(sql) or handler is copy_into else session.engine.writing:
                reply = handler(session, statement)
                if reply is not None:
                    if settlement is not None:
                        settlement()
                    return reply, None
        query = admit(sql)
        require_relations(session, query)
        return in_context(session, sql, query), settlement


async def _ask_engine(request: Request, asked: dict[str, Any]) -> JSONResponse:
    body = json.dumps(asked).encode()
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-encoding"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    answer = await fake.query_request(Request({**request.scope, "headers": headers}, receive))
    if bytes(answer.body).endswith(b'"success":true}'):  # as a parse of all the rows would also tell
        return answer
    told = cast("dict[str, Any]", json.loads(bytes(answer.body)))
    if answer.status_code >= 500:  # noqa: PLR2004 # any fault of the server
        raise RuntimeError(told.get("message"))
    code, state = str(told["code"]), str(cast("dict[str, Any]", told.get("data") or {}).get("sqlState") or "XX000")
    # fakesnow sends the message as the connector prints it, with an id of the query that it does not have
    message = str(told["message"]).removeprefix(f"{code} ({state}): None: ").removeprefix("None: ")
    raise SnowflakeError(int(code), state, message)


async def _json_of(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return cast("dict[str, Any]", json.loads(body))


def _success(session: Session, reply: Reply) -> JSONResponse:
    data = {
        "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
        **reply.as_json(),
    }
    return JSONResponse({"data": data, "code": None, "message": None, "success": True})


def _refusal(error: SnowflakeError) -> JSONResponse:
    data = {"errorCode": error.code, "sqlState": error.sql_state, "internalError": False, "line": -1, "pos": -1}
    return _failure(error.code, error.message, data)


def _failure(code: str, message: str, data: dict[str, Any] | None = None) -> JSONResponse:
    return JSONResponse({"data": data or {}, "code": code, "message": message, "success": False, "headers": None})


class _Server(uvicorn.Server):
    """Returns on a signal where uvicorn's own would end the process, so that the databases are closed."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to `serve`."""
        yield


def serve(home: SandboxHome) -> None:
    """Serve until SIGTERM, then write the databases to their files."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that it does not know
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)  # fakesnow's way
    folder = home.folder("snowflake")
    engine = Engine(folder / "databases")
    store = ObjectStore(folder / "account.db")
    storage = Storage(home)
    loader = Loader(engine, store, storage, folder / "spool")
    pipes = Snowpipe(store, storage, loader)
    account = Account(engine=engine, store=store, storage=storage, loader=loader, pipes=pipes)
    found_account(store, home.credentials)
    sessions = Sessions()
    fake.shared_fs = engine
    keep_absent_moments()
    fake.sessions = cast("dict[str, FakeSnowflakeConnection]", sessions)  # fakesnow looks its sessions up in this name
    pipes.start()
    door = Door(account, lambda: dt.datetime.now(dt.UTC))
    config = uvicorn.Config(
        Front(door, sessions).application(),
        host=LOOPBACK,
        port=home.ports.snowflake,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    try:
        server.run()
    finally:
        pipes.stop()
        engine.close()
        store.close()
