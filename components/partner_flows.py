"""Which flows a partner's feeds are run by, and what each is told."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import Output

from components.flow_deployments import WantedDeployment
from components.partner_feeds import PartnerFeeds
from domain.feed_flows import feed_parameters
from domain.flow_settings import FlowSettings
from domain.partners import Partner, deployment_name


@dataclass(frozen=True, kw_only=True)
class LandingPlace:
    """Where feeds land; outputs, so that a flow is registered once everything that it uses is there."""

    bucket: Output[str]
    database: Output[str]
    schema: Output[str]
    flows: FlowSettings


def extra_flows(settings: FlowSettings) -> list[WantedDeployment]:
    """Give a deployment for each flow that belongs to no feed."""
    return [
        WantedDeployment(
            name=flow.name,
            entrypoint=flow.entrypoint,
            description=flow.description,
            tags=flow.tags,
            parameters=flow.parameters,
            work_pool=flow.work_pool or settings.runtime_of(flow.runtime).work_pool,
            work_queue=flow.work_queue,
            job_variables=settings.job_variables(flow.runtime, flow.variables),
            schedules=[entry.schedule() for entry in flow.schedules],
            concurrency_limit=flow.concurrency_limit,
        )
        for flow in settings.deployments
    ]


def partner_flows(partner: Partner, feeds: PartnerFeeds, place: LandingPlace) -> list[WantedDeployment]:
    """Give a deployment for each feed of the partner.

    A flow of one's own gets the same parameters as `flows/reconcile.py:reconcile`, and declares them all;
    `unfinished` too, where the feed's entry has it.
    """
    return [
        WantedDeployment(
            name=deployment_name(partner, feed),
            entrypoint=feed.flow,
            description=f"What {partner.name} delivers as {feed.name}",
            tags=(partner.name,),
            parameters={
                **feed_parameters(partner, feed),
                "bucket": place.bucket,
                "database": place.database,
                "schema_name": place.schema,
                "table": feeds.tables[feed.name],
            },
            work_pool=place.flows.runtime_of(feed.runtime).work_pool,
            job_variables=place.flows.job_variables(feed.runtime),
        )
        for feed in partner.feeds
    ]
