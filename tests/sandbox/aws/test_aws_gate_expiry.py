"""Credentials that have had their time: the gate in this process, so that a session can be made to have expired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends
from werkzeug.test import Client

from sandbox.aws.activity import Activity
from sandbox.aws.confirmed import Keeper
from sandbox.aws.gate import Gate
from sandbox.aws.journal import Journal
from sandbox.aws.users import ADMINISTRATOR_ARN
from sandbox.home import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1:4566"
UNUSED = Path("no-folder")
"""Where the gate would keep what S3 and SQS confirm: nothing, here."""
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


def let_through(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [])
    return [b"through"]


@pytest.fixture
def session() -> Iterator[AssumedRole]:
    """A session of a role, with an hour to live."""
    iam, sts = iam_backends[ACCOUNT_ID]["aws"], sts_backends[ACCOUNT_ID]["aws"]
    role = iam.create_role("expiring", "{}", "/", None, "", [], "3600")
    made = sts.assume_role("us-east-1", "test", role.arn, "", 3600, "")
    yield made
    sts.assumed_roles.remove(made)
    iam.delete_role("expiring")


def answered(
    session: AssumedRole, *, token: str | None, secret: str | None = None, body: bytes = BODY
) -> tuple[int, str]:
    """Give what the gate says to a request that is signed with the session's key."""
    signed = AWSRequest(
        method="POST",
        url=f"http://{HOST}/",
        data=BODY,
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": HOST},
    )
    credentials = Credentials(session.access_key_id, secret or session.secret_access_key, token)
    SigV4Auth(credentials, "sts", REGION).add_auth(signed)  # pyright: ignore[reportUnknownMemberType]  # not typed
    keeper = Keeper(Journal(UNUSED), UNUSED)
    gate = Gate(let_through, Activity(), keeper, host=HOST, administrator_arn=ADMINISTRATOR_ARN)
    reply = Client(gate).post("/", base_url=f"http://{HOST}", data=body, headers=dict(signed.headers.items()))
    return reply.status_code, reply.get_data(as_text=True)


def test_a_session_works_until_it_expires(session: AssumedRole) -> None:
    assert answered(session, token=session.session_token) == (200, "through")
    session.expiration = datetime.now(UTC) - timedelta(seconds=1)
    status, said = answered(session, token=session.session_token)
    assert status == 403
    assert "<Code>ExpiredToken</Code>" in said


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_session_needs_its_token(session: AssumedRole, token: str | None) -> None:
    status, said = answered(session, token=token)
    assert status == 403
    assert "<Code>InvalidClientTokenId</Code>" in said or "<Code>InvalidToken</Code>" in said


def test_a_signature_is_made_with_the_sessions_secret(session: AssumedRole) -> None:
    status, said = answered(session, token=session.session_token, secret="x" * 40)
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in said


def test_a_signature_covers_the_body(session: AssumedRole) -> None:
    status, said = answered(session, token=session.session_token, body=BODY.replace(b"Get", b"Set"))
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in said


def test_a_session_of_a_role_that_is_gone_opens_nothing(session: AssumedRole) -> None:
    iam = iam_backends[ACCOUNT_ID]["aws"]
    iam.delete_role("expiring")
    assert answered(session, token=session.session_token)[0] == 403
    iam.create_role("expiring", "{}", "/", None, "", [], "3600")
