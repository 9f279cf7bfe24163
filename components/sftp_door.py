"""What a partner's resources need to know of the door: plain values, so that they may come from another stack too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class SftpDoor:
    """The door, as the partners' components see it."""

    prefix: str
    """Begins the name of what has a name of its own in the account."""
    server_id: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """The role of every user; each one's session policy narrows it."""
    bucket_name: str
    """Known before anything is made: policies and homes name it."""
    bucket: pulumi.Input[str]
    """The same name once the bucket is there: folders wait for it."""
    key_arn: pulumi.Input[str]
    log_group_name: pulumi.Input[str]
    metric_namespace: str
    hostname: str
    security_policy: str
    host_key_fingerprints: Sequence[pulumi.Input[str]]
    known_hosts: Sequence[str]
    addresses: Sequence[pulumi.Input[str]]
    after: Sequence[pulumi.Resource] = ()
    """What comes before the first user: a bucket that is closed, and a role that may do its work."""
