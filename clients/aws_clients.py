"""Clients of AWS's services, with the time limits and the few retries that all of ours have."""

from __future__ import annotations

from typing import Any

from clients.errors import ServiceError


def aws_client(service: str, *, region: str, profile: str | None, timeout_seconds: float) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
    """Make one with AWS's default credentials, or those of a profile; ServiceError when there is no such profile."""
    import boto3  # noqa: PLC0415  # half a second of import that a program which asks AWS nothing saves
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415

    limits = Config(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    try:
        session: Any = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise ServiceError(
            f"AWS's configuration has no profile {profile!r}", hint="set aws:profile to one that is there"
        ) from error
    return session.client(service, config=limits)
