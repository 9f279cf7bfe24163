"""Where the flows of feeds and of no feed run, and what they are told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pulumi
import pytest

from components.partner_feeds import PartnerFeeds
from components.partner_flows import LandingPlace, extra_flows, partner_flows
from domain.flow_settings import FlowSettings
from domain.partners import PARTNERS
from tests.components.recorder import Program
from tests.stack_values import feed, partner

FLOWS = FlowSettings.model_validate(
    {
        "environment": {"STAGE": "raw"},
        "runtimes": {"wide": {"workPool": "cluster", "image": "registry.example/wide:1"}},
        "deployments": [
            {
                "name": "hello",
                "entrypoint": "flows/hello.py:hello",
                "runtime": "wide",
                "workQueue": "urgent",
                "parameters": {"partner": "sky"},
                "schedules": [{"slug": "early", "cron": "0 7 * * *"}],
                "concurrencyLimit": 2,
                "tags": ["greeting"],
                "description": "Greets.",
            },
            {"name": "bare", "entrypoint": "flows/hello.py:hello", "runtime": "wide", "workPool": "of-its-own"},
        ],
    }
)
WIDE = {"image": "registry.example/wide:1", "env": {"STAGE": "raw"}}


def test_a_flow_of_no_feed_is_all_that_its_entry_says() -> None:
    hello, bare = extra_flows(FLOWS)
    assert (hello.work_pool, hello.work_queue, hello.concurrency_limit) == ("cluster", "urgent", 2)
    assert (hello.parameters, hello.tags, hello.description) == ({"partner": "sky"}, ("greeting",), "Greets.")
    assert [schedule.slug for schedule in hello.schedules] == ["early"]
    assert hello.job_variables == WIDE
    assert (bare.work_pool, bare.work_queue, bare.schedules) == ("of-its-own", None, [])


@pytest.mark.parametrize(("runtime", "pool"), [("wide", "cluster"), (None, None)])
def test_a_feed_chooses_the_runtime_of_its_flow(registered: Program, runtime: str | None, pool: str | None) -> None:
    (skyway,) = PARTNERS.validate_python([partner(feeds=[feed(runtime=runtime)])], by_alias=True, by_name=False)

    def program() -> None:
        name = pulumi.Output.from_input("X")
        place = LandingPlace(bucket=name, database=name, schema=name, flows=FLOWS)
        feeds = cast("PartnerFeeds", SimpleNamespace(tables={"orders": name}))
        (wanted,) = partner_flows(skyway, feeds, place)
        assert wanted.name == "skyway-orders"
        assert wanted.work_pool == pool
        assert wanted.job_variables == (WIDE if runtime else {"env": {"STAGE": "raw"}})

    registered(program)
