"""Where S3 writes who asked for what in the landing bucket."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components.aws_account import AwsAccount
from components.landing_bucket import LandingBucket
from domain import iam
from domain.sections import BucketSettings, ExistingAccessLogs, OwnAccessLogs


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """Whose requests are logged, and where to."""

    account: AwsAccount
    bucket: LandingBucket
    """The bucket whose requests are logged."""
    settings: BucketSettings


class AccessLogs(ComponentResource):
    """Server access logs, in a bucket of ours or in one that collects them already."""

    def __init__(self, name: str, args: AccessLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("landing:aws:AccessLogs", name, {}, opts)
        self._name = name
        self._child = ResourceOptions(parent=self)
        match args.settings.access_logs:
            case ExistingAccessLogs() as existing:
                target = Output.from_input(existing.bucket)
            case OwnAccessLogs() as own:
                target = self._own_bucket(args, own.retention_days)
        aws.s3.BucketLogging(
            f"{name}-delivery",
            bucket=args.bucket.bucket,
            target_bucket=target,
            target_prefix=f"{args.bucket.bucket_name}/",
            opts=self._child,
        )
        self.register_outputs({"bucket": target})

    def _own_bucket(self, args: AccessLogsArgs, retention_days: int) -> Output[str]:
        log_bucket = args.settings.own_log_bucket
        may_go = args.settings.delete_objects
        kept = ResourceOptions(parent=self, protect=not may_go)
        bucket = aws.s3.Bucket(f"{self._name}-bucket", bucket=log_bucket, force_destroy=may_go, opts=kept)
        # S3 delivers access logs to no bucket whose default is SSE-KMS (S3 user guide, "Enabling access logging").
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=kept,
        )
        aws.s3.BucketOwnershipControls(
            f"{self._name}-ownership",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=kept,
        )
        block = aws.s3.BucketPublicAccessBlock(
            f"{self._name}-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        policy = aws.s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=bucket.id,
            policy=Output.json_dumps(iam.access_log_policy(log_bucket, args.bucket.bucket_name, args.account.id)),
            # S3 answers OperationAborted to two changes of one bucket's access at the same time.
            opts=ResourceOptions.merge(kept, ResourceOptions(depends_on=[block])),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=bucket.id,
            rules=[{"id": "expire", "status": "Enabled", "filter": {}, "expiration": {"days": retention_days}}],
            opts=self._child,
        )
        # S3 checks that it may deliver when logging is switched on.
        return Output.all(bucket.bucket, policy.id).apply(lambda known: known[0])
