"""Permissions boundaries of IAM users: moto keeps those of roles alone.

CreateUser takes one, PutUserPermissionsBoundary and DeleteUserPermissionsBoundary change it.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
"""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import User
from moto.iam.responses import IamResponse

from sandbox.aws.replacing import replace

_KEPT_AS = "permissions_boundary_arn"
"""The attribute of moto's user; what is on moto's objects is saved with them."""


def boundary_of(user: User) -> str | None:
    """Give the ARN of the managed policy that is the user's permissions boundary."""
    return getattr(user, _KEPT_AS, None)


def install() -> None:
    """Let this process's moto keep users' boundaries."""
    replace(IamResponse, "create_user", _create_user)
    # moto has none of these, and takes a request's operation from the class by its name in lower case.
    setattr(IamResponse, "put_user_permissions_boundary", _put_user_permissions_boundary)  # noqa: B010  # untyped there
    setattr(IamResponse, "delete_user_permissions_boundary", _delete_user_permissions_boundary)  # noqa: B010
    setattr(User, "permissions_boundary", property(_described))  # noqa: B010


def _described(user: User) -> dict[str, str] | None:
    arn = boundary_of(user)
    return None if arn is None else {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


_MOTOS_CREATE_USER = IamResponse.create_user


def _create_user(response: IamResponse) -> ActionResult:
    boundary = _parameter(response, "PermissionsBoundary")
    if boundary is not None:
        _check_policy(response, boundary)
    result = _MOTOS_CREATE_USER(response)
    if boundary is not None:
        _set(response, boundary)
    return result


def _put_user_permissions_boundary(response: IamResponse) -> ActionResult:
    boundary = _parameter(response, "PermissionsBoundary") or ""
    _check_policy(response, boundary)
    _set(response, boundary)
    return EmptyResult()


def _delete_user_permissions_boundary(response: IamResponse) -> ActionResult:
    user = _user(response)
    if boundary_of(user) is None:
        raise NoSuchEntity(f"User {user.name} does not have a permissions boundary.")
    delattr(user, _KEPT_AS)
    return EmptyResult()


def _set(response: IamResponse, boundary: str) -> None:
    setattr(_user(response), _KEPT_AS, boundary)


def _user(response: IamResponse) -> User:
    return response.backend.get_user(_parameter(response, "UserName") or "")


def _check_policy(response: IamResponse, arn: str) -> None:
    if arn not in response.backend.managed_policies:
        raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")


def _parameter(response: IamResponse, name: str) -> str | None:
    value: object = response._get_param(name)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as moto's own do
    return None if value is None else str(value)
