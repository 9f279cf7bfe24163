"""AWS Transfer's API, as far as a service-managed SFTP server needs it, on moto's own model.

moto keeps servers and users but lacks half of the operations and takes what the service refuses. `TransferService`
answers in its place; all state stays on moto's objects, so that it is saved and found again with them. Connectors stay
moto's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from moto.core.utils import camelcase_to_underscores
from moto.transfer import urls
from moto.transfer.types import Connector, Server, User

from sandbox.aws.transfer_endpoints import (
    VPC,
    EndpointDetails,
    change_endpoint,
    check_new,
    close_endpoint,
    open_endpoint,
)
from sandbox.aws.transfer_host_keys import (
    HostKeyOperations,
    add_host_key,
    check_host_key,
    host_key_arn,
    host_keys_of,
    server_fingerprint,
)
from sandbox.aws.transfer_operations import users_of
from sandbox.aws.transfer_policies import DEFAULT_POLICY, POLICIES, described
from sandbox.aws.transfer_request import TransferError, invalid, not_found
from sandbox.aws.transfer_states import start, state_of, stop
from sandbox.aws.transfer_users import UserOperations

DEFAULTS = {
    "Domain": "S3",
    "EndpointType": "PUBLIC",
    "IdentityProviderType": "SERVICE_MANAGED",
    "Protocols": ["SFTP"],
    "SecurityPolicyName": DEFAULT_POLICY,
    "ProtocolDetails": {},
    "S3StorageOptions": {"DirectoryListingOptimization": "DISABLED"},
}
"""What CreateServer fills in."""

PROTOCOL_DEFAULTS = {"PassiveIp": "AUTO", "TlsSessionResumptionMode": "ENFORCED", "SetStatOption": "DEFAULT"}


def install() -> None:
    """Let moto answer Transfer's API with `TransferService`."""
    urls.url_paths = {"{0}/$": TransferService.dispatch}


class TransferService(UserOperations, HostKeyOperations):
    """Transfer's servers, security policies and tags, on top of its users and host keys."""

    def create_server(self) -> str:
        """Make a server, at once ONLINE, with the service's defaults and a host key for what is not given."""
        parameters = {**DEFAULTS, **self.parameters()}
        details = EndpointDetails.of(parameters)
        host_key = cast("str | None", parameters.pop("HostKey", None))
        _check_policy(parameters)
        check_new(parameters["EndpointType"], details)
        if host_key:
            check_host_key(host_key)
        self.body = json.dumps({**parameters, **_with_protocol_defaults(parameters, {})})
        answer = json.loads(super().create_server())
        server = self.transfer_backend.servers[answer["ServerId"]]
        vars(server)["ip_address_type"] = parameters.get("IpAddressType", "IPV4")
        try:
            if parameters["EndpointType"] == VPC:
                open_endpoint(server, details)
        except TransferError:
            del self.transfer_backend.servers[server.server_id]
            raise
        add_host_key(server, host_key)
        return json.dumps(answer)

    def update_server(self) -> str:
        """Change what the request names and leave the rest as it is."""
        server = self.server()
        parameters = self.parameters()
        _check_policy(parameters)
        if parameters.get("HostKey"):
            add_host_key(server, str(parameters["HostKey"]))
        if "EndpointDetails" in parameters or "EndpointType" in parameters:
            change_endpoint(
                server, parameters.get("EndpointType", server.endpoint_type), EndpointDetails.of(parameters)
            )
        for name, attribute in _PLAIN.items():
            if name in parameters:
                setattr(server, attribute, parameters[name] or None)
        current = cast("Mapping[str, object]", server.to_dict().get("ProtocolDetails", {}))
        for name, attribute in _NESTED.items():
            if name in parameters:
                value = {**parameters, **_with_protocol_defaults(parameters, current)}[name]
                setattr(server, attribute, _snake_keys(value))
        if "IpAddressType" in parameters:
            vars(server)["ip_address_type"] = parameters["IpAddressType"]
        return json.dumps({"ServerId": server.server_id})

    def describe_server(self) -> str:
        """Give a server with its tags and the fingerprint of its oldest host key."""
        server = self.server()
        facts: dict[str, object] = {**server.to_dict(), "HostKeyFingerprint": server_fingerprint(server)}
        facts["State"] = state_of(server)
        facts["IpAddressType"] = vars(server)["ip_address_type"]
        facts["UserCount"] = len(users_of(server))
        if "AS2" not in (server.protocols or []):
            del facts["As2ServiceManagedEgressIpAddresses"]
        return json.dumps({"Server": {name: value for name, value in facts.items() if value is not None}})

    def list_servers(self) -> str:
        """Give the servers, a page at a time."""
        return json.dumps(self.page(self.transfer_backend.list_servers(), _listed, "Servers"))

    def delete_server(self) -> str:
        """Remove a server with its users, its host keys and its endpoint."""
        server = self.server()
        close_endpoint(server)
        del self.transfer_backend.servers[server.server_id]
        return "{}"

    def start_server(self) -> str:
        """Let the door serve the server's users again."""
        start(self.server())
        return "{}"

    def stop_server(self) -> str:
        """Let the door turn the server's users away."""
        stop(self.server())
        return "{}"

    def list_security_policies(self) -> str:
        """Give the names of the security policies, a page at a time."""
        return json.dumps(self.page(tuple(POLICIES), str, "SecurityPolicyNames"))

    def describe_security_policy(self) -> str:
        """Give a security policy."""
        name = self.text("SecurityPolicyName")
        if name not in POLICIES:
            raise not_found("SecurityPolicy", name)
        return json.dumps({"SecurityPolicy": described(name)})

    def tag_resource(self) -> str:
        """Set tags on a server, a user, a host key or a connector."""
        tags = self._tags()
        given = cast("list[dict[str, str]]", self.parameters()["Tags"])
        replaced = {tag["Key"] for tag in given}
        tags[:] = [tag for tag in tags if tag["Key"] not in replaced] + given
        return "{}"

    def untag_resource(self) -> str:
        """Take tags away by their keys."""
        tags = self._tags()
        keys = cast("list[str]", self.parameters()["TagKeys"])
        tags[:] = [tag for tag in tags if tag["Key"] not in keys]
        return "{}"

    def list_tags_for_resource(self) -> str:
        """Give a resource's tags, a page at a time."""
        return json.dumps({"Arn": self.text("Arn"), **self.page(self._tags(), dict[str, str], "Tags")})

    def _tags(self) -> list[dict[str, str]]:
        """Give the list, kept by moto, of the tags of the resource that the request names by its ARN."""
        arn = self.text("Arn")
        servers = self.transfer_backend.servers.values()
        users = [user for server in servers for user in users_of(server)]
        tagged: list[Server | User | Connector] = [*servers, *users, *self.transfer_backend.connectors.values()]
        for resource in tagged:
            if resource.arn == arn:
                return resource.tags
        for server in servers:
            for key in host_keys_of(server):
                if host_key_arn(server, key) == arn:
                    return cast("list[dict[str, str]]", key["Tags"])
        raise not_found("Resource", arn)


_PLAIN = {
    "Certificate": "certificate",
    "IdentityProviderType": "identity_provider_type",
    "LoggingRole": "logging_role",
    "PostAuthenticationLoginBanner": "post_authentication_login_banner",
    "PreAuthenticationLoginBanner": "pre_authentication_login_banner",
    "Protocols": "protocols",
    "SecurityPolicyName": "security_policy_name",
    "StructuredLogDestinations": "structured_log_destinations",
}
_NESTED = {
    "IdentityProviderDetails": "identity_provider_details",
    "ProtocolDetails": "protocol_details",
    "S3StorageOptions": "s3_storage_options",
    "WorkflowDetails": "workflow_details",
}


def _listed(server: Server) -> dict[str, object]:
    return {**server.to_short_dict(), "State": state_of(server), "UserCount": len(users_of(server))}


def _check_policy(parameters: Mapping[str, object]) -> None:
    name = parameters.get("SecurityPolicyName")
    if name is not None and name not in POLICIES:
        raise invalid(f"Unknown security policy {name}; the policies are {', '.join(POLICIES)}")


def _with_protocol_defaults(parameters: Mapping[str, object], current: Mapping[str, object]) -> dict[str, object]:
    given = cast("Mapping[str, object]", parameters.get("ProtocolDetails", {}))
    return {"ProtocolDetails": {**PROTOCOL_DEFAULTS, **current, **given}}


def _snake_keys(value: object) -> object:
    """Give `value` with the keys that moto's model uses, at every depth."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {camelcase_to_underscores(name): _snake_keys(item) for name, item in mapping.items()}
    if isinstance(value, list):
        return [_snake_keys(item) for item in cast("list[object]", value)]
    return value
