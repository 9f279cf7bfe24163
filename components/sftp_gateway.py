"""The SFTP door: one AWS Transfer server, its vanity name and host keys, and the role that its users act through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components.aws_account import AwsAccount
from components.dns_zone import existing_zone_id
from components.existing_role import warn_of_missing_rights
from components.landing_bucket import LandingBucket
from components.sftp_door import SftpDoor
from components.sftp_endpoint import SftpVpcEndpoint, SftpVpcEndpointArgs, name_inside_vpc
from components.sftp_log import SftpLog, SftpLogArgs
from domain import iam
from domain.host_keys import HostKey, known_hosts_line
from domain.sftp_settings import SftpSettings, VpcEndpoint
from domain.ssh_keys import as_openssh_prints


@dataclass(frozen=True, kw_only=True)
class SftpGatewayArgs:
    """What the door needs to know."""

    account: AwsAccount
    bucket: LandingBucket
    """Where users' homes are."""
    settings: SftpSettings
    host_keys: Sequence[HostKey] = ()
    """The door's identity, which outlives the server; without any, AWS makes one for each server."""
    users: Sequence[str] = ()
    """The names of all users, whose refused logins are counted."""


class SftpGateway(ComponentResource):
    """An SFTP door into one bucket."""

    door: SftpDoor
    """What partners' components are told."""
    outputs: dict[str, pulumi.Input[object]]
    """What people are told of the door: its names and its identity."""

    def __init__(self, name: str, args: SftpGatewayArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:SftpGateway", name, {}, opts)
        self._name = name
        self._child = ResourceOptions(parent=self)
        zone_id = self._zone(args)
        log = SftpLog(
            f"{name}-log",
            SftpLogArgs(
                account=args.account,
                key_arn=args.bucket.key_arn,
                retention_days=args.settings.log_retention_days,
                protected=args.bucket.protected,
                users=args.users if args.settings.failed_logins_alarm else (),
            ),
            opts=self._child,
        )
        keys = sorted(args.host_keys, key=lambda key: key.algorithm)
        network = self._network(args)
        server = self._open_server(args, zone_id, keys[0] if keys else None, network, log)
        for key in keys[1:]:
            self._show(key, server)
        inside = isinstance(args.settings.endpoint, VpcEndpoint) and not args.settings.endpoint.elastic_ips
        endpoint = name_inside_vpc(server, self) if inside else server.endpoint
        self._name_it(args, zone_id, endpoint)
        role_arn, role_policies = self._users_role(args, server)
        self.door = SftpDoor(
            prefix=args.account.prefix,
            server_id=server.id,
            role_arn=role_arn,
            bucket_name=args.bucket.bucket_name,
            bucket=args.bucket.bucket,
            key_arn=args.bucket.key_arn,
            log_group_name=log.group_name,
            metric_namespace=log.namespace,
            hostname=args.settings.hostname,
            security_policy=args.settings.security_policy,
            host_key_fingerprints=[key.public.fingerprint for key in keys]
            or [server.host_key_fingerprint.apply(as_openssh_prints)],
            known_hosts=[known_hosts_line(args.settings.hostname, key) for key in keys],
            addresses=network.addresses if network else (),
            after=[*args.bucket.guards, *role_policies],
        )
        self.outputs = {
            "hostname": args.settings.hostname,
            "endpoint": endpoint,
            "hostKeyFingerprints": list(self.door.host_key_fingerprints),
            "knownHosts": list(self.door.known_hosts),
            "addresses": list(self.door.addresses),
        }
        self.register_outputs({**self.outputs, "serverId": server.id, "roleArn": self.door.role_arn})

    def _zone(self, args: SftpGatewayArgs) -> Output[str]:
        if args.settings.zone_exists:
            return Output.from_input(existing_zone_id(args.settings.zone, self))
        return aws.route53.Zone(f"{self._name}-zone", name=args.settings.zone, opts=self._child).zone_id

    def _network(self, args: SftpGatewayArgs) -> SftpVpcEndpoint | None:
        if not isinstance(args.settings.endpoint, VpcEndpoint):
            return None
        return SftpVpcEndpoint(
            f"{self._name}-endpoint",
            SftpVpcEndpointArgs(prefix=args.account.prefix, endpoint=args.settings.endpoint),
            opts=self._child,
        )

    def _open_server(
        self,
        args: SftpGatewayArgs,
        zone_id: Output[str],
        key: HostKey | None,
        network: SftpVpcEndpoint | None,
        log: SftpLog,
    ) -> aws.transfer.Server:
        return aws.transfer.Server(
            f"{self._name}-server",
            domain="S3",
            endpoint_type="VPC" if network else "PUBLIC",
            endpoint_details=network.details if network else None,
            identity_provider_type="SERVICE_MANAGED",
            protocols=["SFTP"],
            security_policy_name=args.settings.security_policy,
            host_key=Output.secret(key.private) if key else None,
            structured_log_destinations=[log.destination],
            pre_authentication_login_banner=args.settings.banner,
            # Clients set times and modes after a put; S3 has none, and without this they report a failed transfer.
            protocol_details={"set_stat_option": "ENABLE_NO_OP"},
            # The console shows the vanity name by these two tags.
            tags={
                "transfer:customHostname": args.settings.hostname,
                "transfer:route53HostedZoneId": zone_id.apply(lambda zone: f"/hostedzone/{zone}"),
            },
            opts=self._child,
        )

    def _show(self, key: HostKey, server: aws.transfer.Server) -> None:
        aws.transfer.HostKey(
            f"{self._name}-host-key-{key.public.short_name}",
            server_id=server.id,
            description=f"{key.algorithm} {key.public.fingerprint}",
            host_key_body=Output.secret(key.private),
            opts=self._child,
        )

    def _name_it(self, args: SftpGatewayArgs, zone_id: Output[str], endpoint: Output[str]) -> None:
        aws.route53.Record(
            f"{self._name}-name",
            zone_id=zone_id,
            name=args.settings.hostname,
            type="CNAME",
            ttl=300,
            records=[endpoint],
            opts=self._child,
        )

    def _users_role(
        self, args: SftpGatewayArgs, server: aws.transfer.Server
    ) -> tuple[Output[str], Sequence[aws.iam.RolePolicy]]:
        if there := args.settings.users_role:
            warn_of_missing_rights(
                there,
                account=args.account,
                bucket_name=args.bucket.bucket_name,
                key_arn=args.bucket.key_arn,
            )
            return Output.from_input(there), ()
        users_arn = Output.concat(f"arn:aws:transfer:{args.account.region}:{args.account.id}:user/", server.id, "/*")
        role = aws.iam.Role(
            f"{self._name}-users-role",
            name=f"{args.account.prefix}-sftp-users",
            description="AWS Transfer acts for the partners' users",
            assume_role_policy=Output.json_dumps(iam.transfer_trust(args.account.id, users_arn)),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-users-access",
            name="partners-objects",
            role=role.name,
            policy=Output.json_dumps(iam.users_access(args.bucket.bucket_name, args.bucket.key_arn)),
            opts=self._child,
        )
        return role.arn, (policy,)
