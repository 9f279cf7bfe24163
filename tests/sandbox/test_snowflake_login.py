# pyright: reportUnknownMemberType=false
# the connector is not typed
"""Logging in over the connector, the product's own client, and by hand: passwords, key pairs, roles."""

from __future__ import annotations

import base64
from collections.abc import Generator

import pytest
from cryptography.hazmat.primitives import serialization
from snowflake.connector.errors import DatabaseError

from clients.errors import ServiceError
from clients.snowflake import SnowflakeAccount as Way
from clients.snowflake import SnowflakeClient
from sandbox.home import LOOPBACK, new_private_key
from tests.sandbox.snowflake_account import SnowflakeAccount, snowflake_account

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Generator[SnowflakeAccount]:
    with snowflake_account(tmp_path_factory.mktemp("snowflake"), "aws", "snowflake") as running:
        running.run("CREATE ROLE LOADER")
        running.run("CREATE WAREHOUSE LOAD_WH")
        yield running


def der(private_key: str) -> bytes:
    return serialization.load_pem_private_key(private_key.encode(), None).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public(private_key: str) -> str:
    key = serialization.load_pem_private_key(private_key.encode(), None).public_key()
    return base64.b64encode(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def by_key(account: SnowflakeAccount, user: str, private_key: str, **more: str) -> list[tuple[str, ...]]:
    """Log in by key pair and tell as whom and as which role."""
    with account.connect(
        user=user, password=None, authenticator="SNOWFLAKE_JWT", private_key=der(private_key), **more
    ) as connection:
        return connection.cursor().execute("SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE()").fetchall()


def test_the_sandbox_s_own_user_comes_by_password_and_by_key(account: SnowflakeAccount) -> None:
    key = account.home.credentials.snowflake_private_key
    assert by_key(account, "landing", key) == [("LANDING", "ACCOUNTADMIN", None)]
    assert account.run("SELECT CURRENT_USER()") == [("LANDING",)]


def test_the_product_s_client_comes_by_key(account: SnowflakeAccount) -> None:
    def way(private_key: str) -> Way:
        return Way(
            account="SANDBOX-LANDING",
            user="LANDING",
            host=LOOPBACK,
            port=account.home.ports.snowflake,
            protocol="http",
            private_key=private_key,
        )

    with SnowflakeClient.connected(way(account.home.credentials.snowflake_private_key)) as client:
        assert client.value("SELECT CURRENT_USER()") == "LANDING"
    with (
        pytest.raises(ServiceError, match=r"refused the user LANDING .*JWT token is invalid") as refused,
        SnowflakeClient.connected(way(new_private_key())),
    ):
        pass
    assert refused.value.status == 390144


def test_a_service_user_comes_with_either_of_its_two_keys(account: SnowflakeAccount) -> None:
    first, second = new_private_key(), new_private_key()
    account.run(
        f"CREATE USER LOADER_USER TYPE = SERVICE RSA_PUBLIC_KEY = '{public(first)}' DEFAULT_ROLE = LOADER "
        "DEFAULT_WAREHOUSE = LOAD_WH COMMENT = 'loads'"
    )
    account.run("GRANT ROLE LOADER TO USER LOADER_USER")
    account.run("GRANT USAGE ON WAREHOUSE LOAD_WH TO ROLE LOADER")
    assert by_key(account, "LOADER_USER", first) == [("LOADER_USER", "LOADER", "LOAD_WH")]
    with pytest.raises(DatabaseError, match="JWT token is invalid") as refused:
        by_key(account, "LOADER_USER", second)
    assert refused.value.errno == 390144
    account.run(f"ALTER USER LOADER_USER SET RSA_PUBLIC_KEY_2 = '{public(second)}'")
    account.run("ALTER USER LOADER_USER UNSET RSA_PUBLIC_KEY")
    assert by_key(account, "LOADER_USER", second) == [("LOADER_USER", "LOADER", "LOAD_WH")]
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        by_key(account, "LOADER_USER", first)
    told = {row[0]: row[1] for row in account.run("DESC USER LOADER_USER")}
    assert told["RSA_PUBLIC_KEY_FP"] == "null"
    assert told["RSA_PUBLIC_KEY_2_FP"].startswith("SHA256:")
    (shown,) = account.rows("SHOW USERS LIKE 'loader_user'")
    assert (shown["type"], shown["has_password"], shown["has_rsa_public_key"]) == ("SERVICE", "false", "true")
    account.run("ALTER USER LOADER_USER SET DISABLED = TRUE")
    with pytest.raises(DatabaseError, match="User access disabled") as disabled:
        by_key(account, "LOADER_USER", second)
    assert disabled.value.errno == 390101
    account.run("DROP USER LOADER_USER")
    with pytest.raises(DatabaseError, match="JWT token is invalid"):
        by_key(account, "LOADER_USER", second)


def test_what_is_no_public_key_is_rejected(account: SnowflakeAccount) -> None:
    with pytest.raises(
        DatabaseError, match=r"New public key rejected by current policy\. Reason: 'Invalid Public key'"
    ):
        account.run("ALTER USER LANDING SET RSA_PUBLIC_KEY_2 = 'c3NoLXJzYQ=='")


def test_a_role_that_the_user_does_not_have_opens_no_session(account: SnowflakeAccount) -> None:
    for role in ("LOADER", "NOBODY"):
        with pytest.raises(DatabaseError, match=f"Role '{role}' specified in the connect string") as refused:
            account.connect(role=role)
        assert refused.value.errno == 390189
    with account.connect(role="sysadmin") as connection:
        assert connection.cursor().execute("SELECT CURRENT_ROLE()").fetchall() == [("SYSADMIN",)]


def test_a_user_with_a_password_and_no_role_is_public(account: SnowflakeAccount) -> None:
    account.run("CREATE USER VISITOR PASSWORD = 'Some-Long-Pass-1'")
    with account.connect(user="visitor", password="Some-Long-Pass-1") as connection:
        assert connection.cursor().execute("SELECT CURRENT_ROLE()").fetchall() == [("PUBLIC",)]
    account.run("DROP USER VISITOR")
