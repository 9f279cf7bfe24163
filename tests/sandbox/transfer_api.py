# ruff: noqa: ANN401  # boto3 gives clients without types
"""Transfer's API alone, for tests that need no door: our operations on moto, over HTTP."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from sandbox.aws import transfer
from sandbox.home import LOOPBACK, REGION


@contextmanager
def served_transfer() -> Generator[Any]:
    """Give a function that makes clients, by default of Transfer."""
    transfer.install()
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    def client(service: str = "transfer") -> Any:
        return cast("Any", boto3).client(
            service,
            endpoint_url=f"http://{host}:{port}",
            region_name=REGION,
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="any",
            config=Config(parameter_validation=False),  # the service is to refuse, not the client
        )

    yield client
    server.stop()


def refused(call: Any, **parameters: object) -> tuple[str, str]:
    """Give the code and the message with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    facts = cast("Any", error.value).response["Error"]
    return facts["Code"], facts["Message"]
