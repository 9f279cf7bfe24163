"""What a partner gets at the SFTP door: a user locked into one home, and its keys."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from domain import iam
from domain.partners import Partner


@dataclass(frozen=True, kw_only=True)
class PartnerAccessArgs:
    """One partner, and the plain values of the door that it comes through."""

    partner: Partner
    server_id: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    bucket_name: str
    key_arn: pulumi.Input[str]


class PartnerAccess(ComponentResource):
    """A partner's SFTP user: its home is the root it sees, and its session may touch nothing else."""

    user_name: Output[str]

    def __init__(self, name: str, args: PartnerAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:PartnerAccess", name, {}, opts)
        child = ResourceOptions(parent=self)
        partner = args.partner
        user = aws.transfer.User(
            f"{name}-user",
            server_id=args.server_id,
            user_name=partner.name,
            role=args.role_arn,
            home_directory_type="LOGICAL",
            home_directory_mappings=[{"entry": "/", "target": f"/{args.bucket_name}/{partner.prefix.rstrip('/')}"}],
            # With a LOGICAL home no variable stands for bucket or key, so the session policy names them.
            policy=Output.json_dumps(iam.inbox_access(args.bucket_name, partner.prefix, args.key_arn)),
            opts=child,
        )
        for key in partner.public_keys:
            # Named by its fingerprint: the order of keys in the configuration means nothing.
            aws.transfer.SshKey(
                f"{name}-key-{key.short_name}",
                server_id=args.server_id,
                user_name=user.user_name,
                body=key.body,
                opts=child,
            )
        self.user_name = user.user_name
        self.register_outputs({"userName": self.user_name})
