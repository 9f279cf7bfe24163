"""The SFTP door: one AWS Transfer server, its vanity name, and the role that its users act through."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components.landing_bucket import LandingBucket
from domain import iam
from domain.partners import PARTNERS_PREFIX
from domain.sections import SftpSettings

SECURITY_POLICY = "TransferSecurityPolicy-2025-03"
"""AWS's newest general set of algorithms; without one, the API takes the set of 2018."""


@dataclass(frozen=True, kw_only=True)
class SftpGatewayArgs:
    """What the door needs to know."""

    prefix: str
    """Begins the name of the users' role."""
    account_id: str
    region: str
    bucket: LandingBucket
    """Where users' homes are."""
    settings: SftpSettings


class SftpGateway(ComponentResource):
    """A public SFTP door into one bucket."""

    server_id: Output[str]
    endpoint: Output[str]
    """The server's own host name, which the vanity name points to."""
    host_key_fingerprint: Output[str]
    """What a partner's client shows at the first connection."""
    role_arn: Output[str]
    """The role of every user; each user's session policy narrows it to one home."""
    outputs: dict[str, pulumi.Input[str]]
    """What partners are told of the door: its names and its fingerprint."""

    def __init__(self, name: str, args: SftpGatewayArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:SftpGateway", name, {}, opts)
        self._name = name
        self._child = ResourceOptions(parent=self)
        zone_id = self._zone(args)
        server = self._open_server(args, zone_id)
        self.server_id = server.id
        self.endpoint = server.endpoint
        self.host_key_fingerprint = server.host_key_fingerprint
        self.role_arn = self._users_role(args, server)
        aws.route53.Record(
            f"{name}-name",
            zone_id=zone_id,
            name=args.settings.hostname,
            type="CNAME",
            ttl=300,
            records=[server.endpoint],
            opts=self._child,
        )
        self.outputs = {
            "hostname": args.settings.hostname,
            "endpoint": self.endpoint,
            "hostKeyFingerprint": self.host_key_fingerprint,
        }
        self.register_outputs({**self.outputs, "serverId": self.server_id, "roleArn": self.role_arn})

    def _zone(self, args: SftpGatewayArgs) -> Output[str]:
        if args.settings.zone_exists:
            return aws.route53.get_zone_output(
                name=args.settings.zone, opts=pulumi.InvokeOutputOptions(parent=self)
            ).zone_id
        return aws.route53.Zone(f"{self._name}-zone", name=args.settings.zone, opts=self._child).zone_id

    def _open_server(self, args: SftpGatewayArgs, zone_id: Output[str]) -> aws.transfer.Server:
        return aws.transfer.Server(
            f"{self._name}-server",
            domain="S3",
            endpoint_type="PUBLIC",
            identity_provider_type="SERVICE_MANAGED",
            protocols=["SFTP"],
            security_policy_name=SECURITY_POLICY,
            # Clients set times and modes after a put; S3 has none, and without this they report a failed transfer.
            protocol_details={"set_stat_option": "ENABLE_NO_OP"},
            # The console shows the vanity name by these two tags.
            tags={
                "transfer:customHostname": args.settings.hostname,
                "transfer:route53HostedZoneId": zone_id.apply(lambda zone: f"/hostedzone/{zone}"),
            },
            opts=self._child,
        )

    def _users_role(self, args: SftpGatewayArgs, server: aws.transfer.Server) -> Output[str]:
        users_arn = Output.concat(f"arn:aws:transfer:{args.region}:{args.account_id}:user/", server.id, "/*")
        role = aws.iam.Role(
            f"{self._name}-users-role",
            name=f"{args.prefix}-sftp-users",
            description="AWS Transfer acts for the partners' users",
            assume_role_policy=Output.json_dumps(iam.transfer_trust(args.account_id, users_arn)),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-users-access",
            name="partners-objects",
            role=role.name,
            policy=Output.json_dumps(iam.inbox_access(args.bucket.bucket_name, PARTNERS_PREFIX, args.bucket.key_arn)),
            opts=self._child,
        )
        return role.arn
