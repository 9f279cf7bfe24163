"""Where moto's S3 differs from S3 in what the program and its providers see.

Each gap is named where it is closed. What moto does right is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.common_models import BaseModel
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore  # pyright: ignore[reportPrivateUsage]  # the loop to mend is in it

from sandbox.aws.replacing import replace


def install() -> None:
    """Close the gaps in this process's moto."""
    replace(FakeBucket, "get_permission", _no_opinion)
    replace(BaseModel, "__new__", _untracked)
    replace(S3Response, "get_bucket_notification", _get_bucket_notification)
    for name in ("items", "iteritems"):
        replace(_VersionedKeyStore, name, items_of)
    for name in ("values", "itervalues"):
        replace(_VersionedKeyStore, name, values_of)
    replace(_VersionedKeyStore, "setlist", put_versions)
    replace(_VersionedKeyStore, "pop", dict[str, list[Any]].pop)


def put_versions(store: _VersionedKeyStore, key: str, versions: list[Any]) -> None:
    """Put an object's versions in the place of those that were there.

    moto closes the bodies of those at once, under the requests that are just reading or putting them.
    """
    dict[str, list[Any]].__setitem__(store, key, versions)


def items_of(store: _VersionedKeyStore) -> Iterator[tuple[str, Any]]:
    """Give the objects as they are found: moto's own loop fails on one that another thread removes meanwhile."""
    for key, versions in list(dict[str, list[Any]].items(store)):
        if versions:
            yield key, versions[-1]


def values_of(store: _VersionedKeyStore) -> Iterator[Any]:
    """Give the same objects without their keys."""
    return (each for _, each in items_of(store))


def _no_opinion(_bucket: FakeBucket, _action: str, _resource: str) -> PermissionResult:
    """Leave bucket policies to the gate: moto ignores their conditions and principals, and so locks everyone out."""
    return PermissionResult.NEUTRAL


def _untracked(cls: type[BaseModel], *_args: object, **_named: object) -> BaseModel:
    """Make a model object without moto's list of all that ever were, which keeps deleted files' bodies for ever."""
    return object.__new__(cls)


_MOTOS_GET_NOTIFICATION = S3Response.get_bucket_notification


def _get_bucket_notification(response: S3Response) -> Any:  # noqa: ANN401  # moto's own reply
    """Give the EventBridge switch back too: without it, providers see a change at each preview."""
    configuration = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if configuration is None or configuration.event_bridge is None:
        return _MOTOS_GET_NOTIFICATION(response)
    serialized = response.serialized

    def with_event_bridge(result: ActionResult) -> Any:  # noqa: ANN401
        return serialized(ActionResult({**dict(result.result), "EventBridgeConfiguration": {}}))  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]  # moto types it as object

    replace(response, "serialized", with_event_bridge)
    return _MOTOS_GET_NOTIFICATION(response)
