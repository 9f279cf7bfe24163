"""What a process must have in its environment to work against the sandbox as it would against the real services."""

from __future__ import annotations

from sandbox.home import LOOPBACK, REGION, SNOWFLAKE_USER, KeyPair, SandboxHome

SNOWFLAKE_ACCOUNT = "SANDBOX-LANDING"
"""Snowflake's account identifier in the sandbox: organisation and account."""


def deployer_environment(home: SandboxHome) -> dict[str, str]:
    """Give the environment of who deploys the `dev` stack: the engine's, and that of a person in `make shell`."""
    return {
        **_aws(home, home.credentials.deployer),
        **_snowflake_user(home),
        "PULUMI_DEBUG_PROVIDERS": f"aws:{home.ports.plugin_aws},snowflake:{home.ports.plugin_snowflake}",
    }


def worker_environment(home: SandboxHome) -> dict[str, str]:
    """Give the environment of the Prefect worker, and so of every flow run that it starts."""
    return {
        **_aws(home, home.credentials.worker),
        "SNOWFLAKE_ACCOUNT": SNOWFLAKE_ACCOUNT,
        **_snowflake_user(home),
        "SNOWFLAKE_HOST": LOOPBACK,
        "SNOWFLAKE_PORT": str(home.ports.snowflake),
        "SNOWFLAKE_PROTOCOL": "http",
        "PREFECT_API_URL": f"{home.url('prefect')}/api",
    }


def _snowflake_user(home: SandboxHome) -> dict[str, str]:
    """Give both ways in: whoever reads the authenticator comes by key pair, as on a real account."""
    return {
        "SNOWFLAKE_USER": SNOWFLAKE_USER,
        "SNOWFLAKE_PASSWORD": home.credentials.snowflake_password,
        "SNOWFLAKE_PRIVATE_KEY": home.credentials.snowflake_private_key,
        "SNOWFLAKE_AUTHENTICATOR": "SNOWFLAKE_JWT",
    }


def _aws(home: SandboxHome, keys: KeyPair) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,  # the name that boto3 reads
        "AWS_ENDPOINT_URL": home.url("aws"),
    }
