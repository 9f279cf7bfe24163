"""The bucket that holds the partners' objects, and the key that they are encrypted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, Resource, ResourceOptions

from components.aws_account import AwsAccount
from domain import iam
from domain.sections import BucketSettings


@dataclass(frozen=True, kw_only=True)
class LandingBucketArgs:
    """What a landing bucket needs to know."""

    account: AwsAccount
    settings: BucketSettings


class LandingBucket(ComponentResource):
    """A private, versioned bucket under a key of its own, which takes objects over TLS alone."""

    bucket_name: str
    """Known before anything is made, so that policies and stages can name it in a preview."""
    bucket: Output[str]
    """The bucket's name once it is there: what waits for the bucket takes it from here."""
    guards: Sequence[Resource]
    """What encrypts and closes the bucket: it comes before the first object."""
    key_arn: Output[str]
    protected: bool
    """Whether this, and what tells of its use, stays when the rest of the stack goes."""

    def __init__(self, name: str, args: LandingBucketArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:LandingBucket", name, {}, opts)
        self._name = name
        # What holds data, what opens it and what keeps others out is not destroyed by a slip: `pulumi destroy` refuses
        # in its preview, and without one it leaves these, so that a bucket that stays is not left open.
        self.protected = not args.settings.delete_objects
        self._kept = ResourceOptions(parent=self, protect=self.protected)
        self._child = ResourceOptions(parent=self)
        self.bucket_name = args.settings.name
        self.key_arn = self._make_key(args).arn
        bucket = aws.s3.Bucket(
            f"{name}-bucket", bucket=self.bucket_name, force_destroy=args.settings.delete_objects, opts=self._kept
        )
        self.bucket = bucket.bucket
        self.guards = [self._encrypt(bucket), *self._close(bucket), self._keep_versions(bucket, args.settings)]
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})

    def _make_key(self, args: LandingBucketArgs) -> aws.kms.Key:
        key = aws.kms.Key(
            f"{self._name}-key",
            description=f"Objects of {self.bucket_name}",
            enable_key_rotation=True,
            deletion_window_in_days=args.settings.key_deletion_days,
            policy=Output.json_dumps(
                iam.key_policy(args.account.id, args.account.region, args.account.transfer_log_group_arn)
            ),
            opts=self._kept,
        )
        aws.kms.Alias(
            f"{self._name}-key-alias", name=f"alias/{self.bucket_name}", target_key_id=key.key_id, opts=self._child
        )
        return key

    def _encrypt(self, bucket: aws.s3.Bucket) -> Resource:
        return aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._kept,
        )

    def _close(self, bucket: aws.s3.Bucket) -> tuple[Resource, ...]:
        ownership = aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._kept,
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._kept,
        )
        policy = aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=bucket.id,
            policy=Output.json_dumps(
                iam.bucket_policy(
                    f"arn:aws:s3:::{self.bucket_name}", f"arn:aws:s3:::{self.bucket_name}/*", self.key_arn
                )
            ),
            # S3 answers OperationAborted to two changes of one bucket's access at the same time.
            opts=ResourceOptions.merge(self._kept, ResourceOptions(depends_on=[block])),
        )
        return ownership, block, policy

    def _keep_versions(self, bucket: aws.s3.Bucket, settings: BucketSettings) -> Resource:
        versioning = aws.s3.BucketVersioning(
            f"{self._name}-versioning",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=self._kept,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "filter": {},
                    "noncurrent_version_expiration": {"noncurrent_days": settings.old_version_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": settings.unfinished_upload_days},
                }
            ],
            opts=ResourceOptions.merge(self._child, ResourceOptions(depends_on=[versioning])),
        )
        return versioning
