"""How the rows reach AWS: one set of clients for each config of the provider."""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# The AWS library makes its clients at run time and has no types for them.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from sandbox.home import KeyPair
from sandbox.plugins.wire import Properties

_GONE = frozenset(
    {
        "404",
        "InvalidAllocationID.NotFound",
        "InvalidGroup.NotFound",
        "InvalidPermission.NotFound",
        "InvalidSecurityGroupRuleId.NotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchHostedZone",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NotFoundException",
        "OwnershipControlsNotFoundError",
        "ResourceNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_NO_ANSWER = (ConnectionError, HTTPClientError)
_TIMES = Config(connect_timeout=3, read_timeout=60, retries={"max_attempts": 3, "mode": "standard"})


class RefusedError(Exception):
    """What the official plug-in refuses by itself where AWS would not."""


@dataclass
class Aws:
    """AWS as one config of the provider names it."""

    endpoint: str
    """The address of every service that `endpoints` does not name."""
    region: str
    key: KeyPair
    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])
    """Addresses by service, as `aws:endpoints` names them."""
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])
    _lock: Lock = field(default_factory=Lock)

    def client(self, service: str) -> Any:  # noqa: ANN401 - made at run time by the AWS library, which has no types
        """Give the client of a service, by the library's name for it; made at first use, safe between threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.create_client(
                    service,
                    region_name=self.region,
                    endpoint_url=self.endpoints.get(service, self.endpoint),
                    aws_access_key_id=self.key.access_key_id,
                    aws_secret_access_key=self.key.secret_access_key,
                    config=_TIMES,
                )
            return self._clients[service]

    @cached_property
    def account(self) -> str:
        """The account that the credentials belong to."""
        return cast("str", self.client("sts").get_caller_identity()["Account"])

    @cached_property
    def _session(self) -> botocore.session.Session:
        return botocore.session.Session()

    def arn(self, service: str, resource: str) -> str:
        """Give the ARN of a resource in this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def tagged(self, tags: Mapping[str, str]) -> Properties:
        """Give the tag properties of an object that bears `tags`: its own, and all."""
        own = {key: value for key, value in tags.items() if self.default_tags.get(key) != value}
        return {"tags": own, "tagsAll": dict(tags)}


def pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Give tags as the list of pairs that most services take."""
    return [{key: name, value: text} for name, text in tags.items()]


def unpaired(tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Read tags from the list of pairs that most services give."""
    return {tag[key]: tag[value] for tag in tags}


def retag(
    state: Properties, inputs: Properties, tag: Callable[[dict[str, str]], object], untag: Callable[[list[str]], object]
) -> None:
    """Bring an object's tags from the state to the inputs, by the service's own two calls."""
    old: dict[str, str] = state.get("tagsAll", {})
    new: dict[str, str] = inputs.get("tagsAll", {})
    if removed := sorted(old.keys() - new.keys()):
        untag(removed)
    if changed := {key: value for key, value in new.items() if old.get(key) != value}:
        tag(changed)


def given(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - any argument that an AWS call takes
    """Give the arguments of a call without those that have no value."""
    return {name: value for name, value in arguments.items() if value is not None}


def unless(code: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Give a call's answer, or nothing where AWS answers with the error `code` for a thing that is not set."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) == code:
            return {}
        raise


def code_of(error: ClientError) -> str:
    """Give the code of an error that AWS answered with."""
    return cast("str", cast("dict[str, Any]", error.response).get("Error", {}).get("Code", ""))


def is_gone(error: Exception) -> bool:
    """Say whether AWS means that the object is not there."""
    return isinstance(error, ClientError) and code_of(error) in _GONE


def explain(aws: Aws, error: Exception) -> str | None:
    """Give AWS's error whole, or say that AWS does not answer."""
    if isinstance(error, _NO_ANSWER):
        return f"AWS at {aws.endpoint} does not answer; see `python -m sandbox status`"
    if isinstance(error, (ClientError, BotoCoreError, RefusedError)):
        return str(error)
    return None
