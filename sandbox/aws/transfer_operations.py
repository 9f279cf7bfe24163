"""The ground under Transfer's operations: checked parameters, moto's objects by name, pages, errors in JSON."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import camelcase_to_underscores
from moto.transfer.responses import TransferResponse
from moto.transfer.types import Server, User

from sandbox.aws.transfer_request import TransferError, check, invalid, not_found

Item = TypeVar("Item")


class Operations(TransferResponse):
    """What every operation starts from."""

    def call_action(self) -> TYPE_RESPONSE:
        """Answer an operation that is not served with a client error: moto's HTTP 500 is retried for minutes."""
        action = self._get_action()
        if not inspect.isfunction(getattr(type(self), camelcase_to_underscores(action), None)):
            refusal = TransferError("UnknownOperationException", f"The sandbox's Transfer does not serve {action}.")
            return 400, dict(refusal.get_headers()), refusal.get_body()
        return super().call_action()

    def parameters(self) -> dict[str, object]:
        """Give the request's parameters, which hold to the API's model; a null is a parameter not given."""
        given = cast("dict[str, object]", json.loads(self.body or "{}"))
        parameters = {name: value for name, value in given.items() if value is not None}
        check(self._get_action(), parameters)
        return parameters

    def text(self, name: str) -> str:
        """Give a required parameter that is a text."""
        return str(self.parameters()[name])

    def server(self) -> Server:
        """Give the server that the request names."""
        server_id = self.text("ServerId")
        server = self.transfer_backend.servers.get(server_id)
        if server is None:
            raise not_found("Server", server_id)
        return server

    def user(self) -> User:
        """Give the user that the request names."""
        name = self.text("UserName")
        for user in users_of(self.server()):
            if user.user_name == name:
                return user
        raise not_found("User", name)

    def page(self, items: Sequence[Item], describe: Callable[[Item], object], member: str) -> dict[str, object]:
        """Give one page of `items` under the name `member`, as MaxResults and NextToken ask."""
        parameters = self.parameters()
        token = str(parameters.get("NextToken", "0"))
        if not token.isdecimal():
            raise invalid("Invalid NextToken")
        start = int(token)
        end = start + int(str(parameters.get("MaxResults", 1000)))
        more = {"NextToken": str(end)} if end < len(items) else {}
        return {member: [describe(item) for item in items[start:end]], **more}


def users_of(server: Server) -> list[User]:
    """Give moto's own list of the users of `server`; what is added to it is kept."""
    return server._users  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # moto has no other way to it
