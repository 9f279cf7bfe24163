"""The part `aws`: one process with moto, its gate, and Transfer's SFTP door."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from sandbox.aws import (
    alarms,
    ec2_gaps,
    log_metrics,
    managed_policies,
    s3_access_logs,
    s3_events,
    s3_gaps,
    simulation,
    sqs_gaps,
    transfer,
    user_boundaries,
)
from sandbox.aws.activity import Activity
from sandbox.aws.cbor import CborReplies
from sandbox.aws.cloud import AwsCloud
from sandbox.aws.confirmed import Keeper
from sandbox.aws.gate import Gate
from sandbox.aws.saving import Saver
from sandbox.aws.state import StateFile
from sandbox.aws.users import ADMINISTRATOR_ARN, make_users
from sandbox.home import LOOPBACK, KeyPair, SandboxHome
from sandbox.sftp.door import open_door
from sandbox.sftp.leftovers import abandon_uploads

FURTHER_KEY = "SANDBOX_ADMINISTRATOR_KEY"
"""Names the environment variable with one more key of the administrator: conformance runs have a fixed one."""

_SECONDS_BETWEEN_LOOKS = 1.0
_LOG = logging.getLogger(__name__)


class _QuietHandler(MotoRequestHandler):
    """Logs no line for each request: the gate says what it refuses."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave a request that was answered out of the log."""


class _Dispatcher(DomainDispatcherApplication):
    """Remembers which of moto's services answers a host: moto itself lists its folders at each request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._known: dict[str | None, object] = {}

    def get_backend_for_host(self, host: str | None) -> object:
        """Give the name of the service that answers `host`."""
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


def serve(home: SandboxHome) -> None:
    """Serve AWS on `home.ports.aws` and SFTP on `home.ports.sftp` until SIGTERM, then save the state."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopped.set())
    activity = Activity()
    state = StateFile(home.folder("aws"))
    keeper = Keeper(state.journal, state.bodies)
    _prepare(home, state, keeper)
    saver = Saver(state, activity)
    saver.start()
    gate = _gate(home, activity, keeper)
    with _api(home, gate) as api, closing(open_door(home, AwsCloud(activity, gate))) as door:
        _LOG.info(
            "AWS at %s, SFTP at %s:%d: a sandbox, on this machine only", home.url("aws"), LOOPBACK, home.ports.sftp
        )
        while not stopped.wait(_SECONDS_BETWEEN_LOOKS) and api.is_alive() and door.is_open:
            pass
    saver.stop()
    if not stopped.is_set():
        # The supervisor starts the part again; a process that lives on without a door would never be noticed.
        raise RuntimeError("the API or the SFTP door ended by itself; see the log above")


def _prepare(home: SandboxHome, state: StateFile, keeper: Keeper) -> None:
    """Make moto ours, and give it what it held when it last stopped."""
    s3_gaps.install()
    s3_events.install()
    sqs_gaps.install()
    ec2_gaps.install()
    s3_access_logs.install()
    managed_policies.install()
    log_metrics.install()
    alarms.install()
    simulation.install()
    transfer.install()
    user_boundaries.install()
    state.load()
    abandon_uploads()
    keeper.install()
    make_users(home.credentials, _further_administrator())


def _further_administrator() -> KeyPair | None:
    """Read the one more administrator's key that whoever started the sandbox wants, `id:secret`."""
    given = os.environ.get(FURTHER_KEY)
    if given is None:
        return None
    identifier, _, secret = given.partition(":")
    _LOG.warning("the access key %r opens the whole sandbox, because %s says so", identifier, FURTHER_KEY)
    return KeyPair(access_key_id=identifier, secret_access_key=secret)


def _gate(home: SandboxHome, activity: Activity, keeper: Keeper) -> Gate:
    address = f"{LOOPBACK}:{home.ports.aws}"
    return Gate(_Dispatcher(), activity, keeper, host=address, administrator_arn=ADMINISTRATOR_ARN)


@contextmanager
def _api(home: SandboxHome, gate: Gate) -> Generator[threading.Thread]:
    """Serve the API from threads of its own; give the one that accepts requests."""
    server = make_server(LOOPBACK, home.ports.aws, CborReplies(gate), threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, name="aws-api", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
