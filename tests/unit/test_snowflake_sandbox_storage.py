from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from sandbox.home import SandboxHome
from sandbox.snowflake.errors import SnowflakeError
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Integration
from sandbox.snowflake.storage import Client, Location, Storage, UnreachableError
from tests.ports import closed_port

PLACE = Location("landing", "partners/a.csv")
ROLE = "arn:aws:iam::123456789012:role/landing-stage"
INTEGRATION = Integration(name=Name.of("S3"), role_arn=ROLE, external_id="id", allowed_locations=("*",))


class Bucket:
    """S3 in the role of an integration, which answers, or refuses with a code."""

    def __init__(self, refusal: str | None) -> None:
        self.refusal = refusal

    def get_object(self, **_: object) -> dict[str, Any]:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "GetObject")
        body = StreamingBody(io.BytesIO(b"whole"), 5)
        return {"Body": body, "ContentLength": 5, "ETag": '"tag"', "LastModified": dt.datetime.now(dt.UTC)}


class AssumedStorage(Storage):
    """Gives the buckets of a test: the first until it is forgotten, then the second."""

    def __init__(self, home: SandboxHome, *refusals: str | None) -> None:
        super().__init__(home)
        self.buckets = [Bucket(refusal) for refusal in refusals]

    def bucket(self, integration: Integration, *, fresh: bool = False) -> Client:
        assert (integration, fresh) == (INTEGRATION, False)
        return cast("Client", self.buckets[0])

    def forget(self) -> None:
        self.buckets.pop(0)


@pytest.fixture
def home(tmp_path: Path) -> SandboxHome:
    return SandboxHome.open(tmp_path / "state", closed_port())


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "InvalidToken", "InvalidAccessKeyId", "ExpiredToken"])
def test_a_session_that_aws_forgot_is_begun_anew(home: SandboxHome, tmp_path: Path, code: str) -> None:
    storage = AssumedStorage(home, code, None)
    assert storage.fetch(INTEGRATION, PLACE, tmp_path / "a").size == 5
    assert (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.parametrize("refusals", [("InvalidToken", "InvalidToken"), ("AccessDenied", None)])
def test_it_is_begun_anew_once_and_for_no_other_refusal(
    home: SandboxHome, tmp_path: Path, refusals: tuple[str, str | None]
) -> None:
    with pytest.raises(SnowflakeError, match="Failure using stage area") as refused:
        AssumedStorage(home, *refusals).fetch(INTEGRATION, PLACE, tmp_path / "a")
    assert not isinstance(refused.value, UnreachableError)


def test_aws_that_does_not_answer_is_no_fault_of_the_file(home: SandboxHome, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="Could not connect"):
        Storage(home).fetch(INTEGRATION, PLACE, tmp_path / "a")


def test_what_cannot_even_be_asked_is_not_waited_for(home: SandboxHome, tmp_path: Path) -> None:
    with pytest.raises(SnowflakeError, match="Parameter validation failed") as refused:
        Storage(home).fetch(replace(INTEGRATION, role_arn="arn"), PLACE, tmp_path / "a")
    assert not isinstance(refused.value, UnreachableError)
