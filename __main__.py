"""The partner landing zone: what is there once, then what each partner gets."""

import gc

# The SDKs make a million objects that live to the end; looking through them for garbage was a third of a preview.
gc.disable()

import pulumi

from components.access_logs import AccessLogs, AccessLogsArgs
from components.aws_account import AwsAccount
from components.earlier_deployment import FLOWS_SOURCE_OUTPUT, KEYS_OUTPUT, EarlierDeployment, partner_keys
from components.flow_deployments import FlowDeployments, FlowDeploymentsArgs
from components.handover import handover_sheets
from components.kept_tables import KnownTables
from components.landing_bucket import LandingBucket, LandingBucketArgs
from components.loading_proof import LoadingProof, LoadingProofArgs
from components.object_events import ObjectEvents, ObjectEventsArgs
from components.partner_access import PartnerAccess, PartnerAccessArgs
from components.partner_alarms import PartnerAlarms, PartnerAlarmsArgs
from components.partner_feeds import PartnerFeeds, PartnerFeedsArgs, pipes_of
from components.partner_flows import LandingPlace, extra_flows, partner_flows
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from components.snowflake_stage import SnowflakeStage, SnowflakeStageArgs
from components.work_pools import WorkPools, WorkPoolsArgs
from settings import Settings

settings = Settings.load()
earlier = EarlierDeployment.read().refuse_renames(settings.partners, settings.partner_entries)
known = KnownTables.look(settings.snowflake, settings.partners, earlier).refuse_strangers(settings.partner_entries)
source = settings.flow_source(earlier.flows_source)
account = AwsAccount.of_the_credentials(region=settings.region, prefix=settings.prefix)

bucket = LandingBucket("landing", LandingBucketArgs(account=account, settings=settings.bucket))
AccessLogs("access-logs", AccessLogsArgs(account=account, bucket=bucket, settings=settings.bucket))
gateway = SftpGateway(
    "sftp",
    SftpGatewayArgs(
        account=account, bucket=bucket, settings=settings.sftp, host_keys=settings.host_keys, users=settings.user_names
    ),
)
pipes = pipes_of(settings.partners)
once = SnowflakeStageArgs(prefix=account.prefix, bucket=bucket, settings=settings.snowflake, pipes=pipes)
stage = SnowflakeStage("snowflake", once)

feeds: dict[str, PartnerFeeds] = {}
for partner in settings.partners:
    PartnerAccess(partner.name, PartnerAccessArgs(partner=partner, door=gateway.door))
    PartnerAlarms(partner.name, PartnerAlarmsArgs(partner=partner, door=gateway.door, settings=settings.sftp))
    wanted = PartnerFeedsArgs(partner=partner, place=stage.place, earlier_columns=known.columns, kept=known.kept)
    feeds[partner.name] = PartnerFeeds(partner.name, wanted)

queue = next((pipes.queue_arn for pipes in (stage.canary, *feeds.values()) if pipes), None)
events = ObjectEvents("events", ObjectEventsArgs(bucket=bucket.bucket, queue_arn=queue, canaries=bool(stage.canary)))
proof = LoadingProof("loading", LoadingProofArgs(bucket=bucket, stage=stage, events=events, feeds=feeds.values()))

place = LandingPlace(bucket=bucket.bucket, database=stage.database, schema=stage.schema, flows=settings.flows)
work_pools = WorkPools("work-pools", WorkPoolsArgs(settings=settings.prefect))
flows = FlowDeployments(
    "flows",
    FlowDeploymentsArgs(
        settings=settings.prefect,
        pools=work_pools,
        source=source,
        token_secret_name=settings.flows.token_secret_name,
        username=settings.flows.username,
        deployments=[
            *extra_flows(settings.flows),
            *(flow for partner in settings.partners for flow in partner_flows(partner, feeds[partner.name], place)),
        ],
    ),
    # The last step: what flows are run for is there by now, and a file provably loads.
    pulumi.ResourceOptions(depends_on=[proof]),
)

pulumi.export("bucket", bucket.bucket)
pulumi.export("sftp", gateway.outputs)
pulumi.export("handover", handover_sheets(settings.partners, gateway.door))
pulumi.export(KEYS_OUTPUT, partner_keys(settings.partners))
pulumi.export("snowflake", {**stage.outputs, "tables": {name: each.tables for name, each in feeds.items()}})
pulumi.export("flows", flows.outputs)
pulumi.export(FLOWS_SOURCE_OUTPUT, source.outputs)

gc.freeze()  # nor look through them at the exit
