"""The partner landing zone: what is there once, then what each partner gets."""

import pulumi_aws as aws

from components.landing_bucket import LandingBucket, LandingBucketArgs
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from settings import Settings

settings = Settings.load()
account_id = aws.get_caller_identity().account_id

bucket = LandingBucket(
    "landing",
    LandingBucketArgs(
        bucket_name=settings.bucket.name,
        account_id=account_id,
        delete_objects=settings.bucket.delete_objects,
        key_deletion_days=settings.bucket.key_deletion_days,
    ),
)
gateway = SftpGateway(
    "sftp",
    SftpGatewayArgs(
        role_name=f"{settings.prefix}-sftp-users",
        account_id=account_id,
        region=settings.region,
        bucket_name=bucket.bucket_name,
        key_arn=bucket.key_arn,
        hostname=settings.sftp.hostname,
        zone=settings.sftp.zone,
        zone_exists=settings.sftp.zone_exists,
    ),
)
stage = SnowflakeStage(
    "snowflake",
    SnowflakeStageArgs(
        role_name=f"{settings.prefix}-snowflake-stage",
        bucket_name=bucket.bucket_name,
        bucket=bucket.bucket,
        key_arn=bucket.key_arn,
        database=settings.snowflake.database,
        schema=settings.snowflake.schema_name,
        storage_integration=settings.snowflake.storage_integration,
        stage=settings.snowflake.stage,
        trust_timeout_seconds=settings.snowflake.trust_timeout_seconds,
    ),
)
