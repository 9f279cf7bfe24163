"""The partner landing zone: what is there once, then what each partner gets."""

import pulumi

from components.aws_account import account_id
from components.flow_deployments import FlowDeployments, FlowDeploymentsArgs
from components.landing_bucket import LandingBucket, LandingBucketArgs, ObjectEvents, ObjectEventsArgs
from components.partner_access import PartnerAccess, PartnerAccessArgs
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from domain.partners import PARTNERS_PREFIX
from settings import Settings

settings = Settings.load()
account = account_id()

bucket = LandingBucket(
    "landing",
    LandingBucketArgs(
        bucket_name=settings.bucket.name,
        account_id=account,
        delete_objects=settings.bucket.delete_objects,
        key_deletion_days=settings.bucket.key_deletion_days,
    ),
)
gateway = SftpGateway(
    "sftp",
    SftpGatewayArgs(
        role_name=f"{settings.prefix}-sftp-users",
        account_id=account,
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

access = {
    partner.name: PartnerAccess(
        partner.name,
        PartnerAccessArgs(
            partner=partner,
            server_id=gateway.server_id,
            role_arn=gateway.role_arn,
            bucket_name=bucket.bucket_name,
            key_arn=bucket.key_arn,
        ),
    )
    for partner in settings.partners
}
feeds = {
    partner.name: PartnerFeeds(
        partner.name,
        PartnerFeedsArgs(partner=partner, database=stage.database, schema=stage.schema, stage=stage.stage),
    )
    for partner in settings.partners
}
ObjectEvents(
    "events",
    ObjectEventsArgs(
        bucket=bucket.bucket,
        prefix=PARTNERS_PREFIX,
        # All pipes of an account share one queue, so any of them can tell it.
        queue_arn=next((each.queue_arn for each in feeds.values()), None),
    ),
)
