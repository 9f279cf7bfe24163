"""What a partner gets at the SFTP door: its folders, its users locked into them, and their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.sftp_door import SftpDoor
from domain import iam
from domain.partners import Partner
from domain.sftp_limits import access_of
from domain.sftp_users import SftpUser


@dataclass(frozen=True, kw_only=True)
class PartnerAccessArgs:
    """One partner, and the door that it comes through."""

    partner: Partner
    door: SftpDoor


class PartnerAccess(ComponentResource):
    """A partner's SFTP users: each sees its own folders as the whole tree, and its session may touch nothing else."""

    user_names: list[Output[str]]

    def __init__(self, name: str, args: PartnerAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:PartnerAccess", name, {}, opts)
        self._child = ResourceOptions(parent=self)
        folders = {
            # With its slashes: a folder 'a-b' is not the folder 'b' in 'a'.
            target: self._folder(f"{name}-{target}", target, args)
            for target in args.partner.targets
        }
        self.user_names = [self._user(user, args, folders).user_name for user in args.partner.logins]
        self.register_outputs({"userNames": self.user_names})

    def _folder(self, name: str, target: str, args: PartnerAccessArgs) -> aws.s3.BucketObjectv2:
        # Transfer ignores a mapping whose target does not exist, and in S3 a folder exists by an object of its name.
        return aws.s3.BucketObjectv2(
            f"{name}-folder",
            bucket=args.door.bucket,
            key=args.partner.prefix_at(target),
            content="",
            content_type="application/x-directory",
            server_side_encryption="aws:kms",
            kms_key_id=args.door.key_arn,
            bucket_key_enabled=True,
            opts=ResourceOptions.merge(self._child, ResourceOptions(depends_on=args.door.after)),
        )

    def _user(self, user: SftpUser, args: PartnerAccessArgs, folders: Mapping[str, Resource]) -> aws.transfer.User:
        policy = iam.session_policy(args.door.bucket_name, access_of(args.partner, user), args.door.key_arn)
        made = aws.transfer.User(
            f"{user.name}-user",
            server_id=args.door.server_id,
            user_name=user.name,
            role=args.door.role_arn,
            home_directory_type="LOGICAL",
            home_directory_mappings=[
                {
                    "entry": folder.path,
                    "target": f"/{args.door.bucket_name}/{args.partner.prefix_at(folder.target).rstrip('/')}",
                }
                for folder in user.folders
            ],
            policy=Output.json_dumps(policy, separators=iam.COMPACT),
            opts=ResourceOptions.merge(
                self._child,
                ResourceOptions(depends_on=[*args.door.after, *(folders[folder.target] for folder in user.folders)]),
            ),
        )
        for each in user.public_keys:
            # Named by its fingerprint: the order of keys in the configuration means nothing.
            aws.transfer.SshKey(
                f"{user.name}-key-{each.key.short_name}",
                server_id=args.door.server_id,
                user_name=made.user_name,
                body=each.key.body,
                opts=self._child,
            )
        return made
