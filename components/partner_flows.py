"""Which flows a partner's feeds are run by, and what each is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output

from components.flow_deployments import WantedDeployment
from components.partner_feeds import PartnerFeeds
from domain.partners import Partner, deployment_name
from domain.sections import FlowSettings


@dataclass(frozen=True, kw_only=True)
class LandingPlace:
    """Where feeds land; outputs, so that a flow is registered once everything that it uses is there."""

    bucket: Output[str]
    database: Output[str]
    schema: Output[str]
    environment: Mapping[str, str]
    """Environment variables of each run: addresses and names, never secrets."""


def extra_flows(settings: FlowSettings) -> list[WantedDeployment]:
    """Give a deployment for each flow that belongs to no feed."""
    return [
        WantedDeployment(name=flow.name, entrypoint=flow.entrypoint, job_variables={"env": dict(settings.environment)})
        for flow in settings.deployments
    ]


def partner_flows(partner: Partner, feeds: PartnerFeeds, place: LandingPlace) -> list[WantedDeployment]:
    """Give a deployment for each feed of the partner.

    A flow of one's own gets the same parameters as `flows/reconcile.py:reconcile`, and declares them all.
    """
    return [
        WantedDeployment(
            name=deployment_name(partner, feed),
            entrypoint=feed.flow,
            description=f"What {partner.name} delivers as {feed.name}",
            tags=(partner.name,),
            parameters={
                "partner": partner.name,
                "feed": feed.name,
                "bucket": place.bucket,
                "prefix": f"{partner.prefix}{feed.name}/",
                "database": place.database,
                "schema_name": place.schema,
                "table": feeds.tables[feed.name],
                "file_format": feed.format,
                "delimiter": feed.csv.delimiter,
                "header_rows": feed.csv.header_rows,
            },
            job_variables={"env": dict(place.environment)},
        )
        for feed in partner.feeds
    ]
