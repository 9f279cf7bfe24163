"""How we come into a Snowflake account: what is wrong with the way is told before anything is asked."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clients.errors import ServiceError
from clients.snowflake import SnowflakeAccount, SnowflakeClient, port_of

SETTINGS: dict[str, object] = {"organizationName": "O", "accountName": "A", "user": "U", "password": "p"}


@pytest.fixture(autouse=True)
def _no_account_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "WAREHOUSE", "ROLE", "HOST", "PROTOCOL", "PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE"):
        monkeypatch.delenv(f"SNOWFLAKE_{name}", raising=False)


@pytest.mark.parametrize(("text", "port"), [(None, None), ("", None), ("443", 443), ("14502.0", 14502)])
def test_a_port(text: str | None, port: int | None) -> None:
    assert port_of(text) == port


@pytest.mark.parametrize("text", ["https", "0", "-1", "70000", "443.5", "nan", "inf"])
def test_what_is_no_port_is_told_so(text: str) -> None:
    with pytest.raises(ServiceError, match=f"'{text}' is not a port; set snowflake:port"):
        SnowflakeAccount.from_settings((SETTINGS | {"port": text}).get)


def test_the_warehouse_comes_from_the_settings_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SnowflakeAccount.from_settings(SETTINGS.get).warehouse is None
    monkeypatch.setenv("SNOWFLAKE_WAREHOUSE", "SMALL")
    assert SnowflakeAccount.from_settings(SETTINGS.get).warehouse == "SMALL"
    assert SnowflakeAccount.from_settings((SETTINGS | {"warehouse": "LARGE"}).get).warehouse == "LARGE"


def encrypted_key() -> str:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"right")
    )
    return pem.decode()


@pytest.mark.parametrize(
    ("key", "passphrase"), [("hunter2", None), (encrypted_key(), None), (encrypted_key(), "wrong")]
)
def test_a_key_that_cannot_be_read_is_told_so_and_not_shown(key: str, passphrase: str | None) -> None:
    account = SnowflakeAccount(account="O-A", user="U", private_key=key, private_key_passphrase=passphrase)
    with (
        pytest.raises(ServiceError, match="the private key for Snowflake cannot be read") as caught,
        SnowflakeClient.connected(account),
    ):
        pass
    assert key not in str(caught.value)


def test_an_encrypted_key_is_opened_by_its_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    class Connection:
        def __init__(self, **arguments: object) -> None:
            given.update(arguments)

        def close(self) -> None:
            pass

    monkeypatch.setattr("snowflake.connector.SnowflakeConnection", Connection)
    account = SnowflakeAccount(
        account="O-A", user="U", private_key=encrypted_key(), private_key_passphrase="right", warehouse="SMALL"
    )
    with SnowflakeClient.connected(account):
        assert given["authenticator"] == "SNOWFLAKE_JWT"
        assert given["warehouse"] == "SMALL"
        assert isinstance(given["private_key"], bytes)
        assert "password" not in given
