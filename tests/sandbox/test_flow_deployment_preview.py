"""What a preview asks Prefect, what it says, and what a person reads when Prefect refuses."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pulumi
import pytest

from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError
from tests import deployment_inputs
from tests.ports import closed_port
from tests.sandbox.prefect_api import PrefectServer, serve

pytestmark = pytest.mark.sandbox

UNKNOWN = pulumi.output.UNKNOWN

SCHEMA = {
    "type": "object",
    "properties": {"partner": {"type": "string"}, "wait_seconds": {"type": "integer"}, "note": {"type": "integer"}},
}


@pytest.fixture(scope="module")
def server() -> Generator[PrefectServer]:
    with serve() as server:
        server.make_pool("landing")
        server.make_queue("landing", "fast")
        server.make_secret("git-token", "hunter2")
        yield server


@pytest.fixture
def provider() -> FlowDeploymentProvider:
    provider = FlowDeploymentProvider()
    provider.configured({})
    return provider


def inputs(server: PrefectServer, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return deployment_inputs.inputs(**({"api_url": server.api_url} | changes))


def requests(server: PrefectServer) -> int:
    return len(server.log.read_text().splitlines())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"work_pool": "landin"},
            {"work_pool": "has no work pool 'landin'; it has 'landing' (did you mean 'landing'?): name one of them"},
        ),
        (
            {"work_queue": "fats"},
            {"work_queue": "no queue 'fats' in the work pool 'landing'; it has 'default', 'fast' (did you mean 'fast'"},
        ),
        (
            {"work_pool": "x", "token_secret_name": "git-tokn", "username": "robot"},
            {
                "work_pool": "has no work pool 'x'; it has 'landing': name one of them, or have it made by landing:",
                "token_secret_name": "has no Secret block 'git-tokn'; make it on its page under Blocks",
            },
        ),
    ],
    ids=["pool", "queue", "pool and secret"],
)
def test_what_is_named_and_not_there_is_told_at_preview_all_at_once(
    provider: FlowDeploymentProvider, server: PrefectServer, changes: dict[str, Any], told: dict[str, str]
) -> None:
    for olds in ({}, provider.check({}, inputs(server)).inputs):
        failures = {
            failure.property: failure.reason for failure in provider.check(olds, inputs(server, **changes)).failures
        }
        assert failures.keys() == told.keys()
        for field, words in told.items():
            assert words in failures[field]
    with pytest.raises(ProviderError) as caught:
        provider.create(inputs(server, **changes))
    assert all(words in str(caught.value) for words in told.values())
    assert server.deployments() == []


def test_what_is_not_known_yet_hides_no_fault(provider: FlowDeploymentProvider, server: PrefectServer) -> None:
    unknown = {"parameters": {"bucket": UNKNOWN}}
    (failure,) = provider.check({}, inputs(server, work_pool="landin", **unknown)).failures
    assert failure.property == "work_pool"
    assert provider.check({}, inputs(server, work_pool=UNKNOWN)).failures == []


def test_a_pool_that_the_stack_makes_is_not_asked_for_at_preview(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    """Its new queue would not be there before the `up` that makes it, which asks then."""
    wanted = inputs(server, work_pool_id="x", work_queue="new")
    assert provider.check({}, wanted).failures == []
    with pytest.raises(ProviderError, match="has no queue 'new' in the work pool 'landing'"):
        provider.create(wanted)


def test_what_is_there_is_no_fault(provider: FlowDeploymentProvider, server: PrefectServer) -> None:
    wanted = inputs(server, work_queue="fast", token_secret_name="git-token", username="robot")
    assert provider.check({}, wanted).failures == []


def test_a_pass_without_a_change_asks_nothing_and_a_refresh_writes_nothing(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    wanted = inputs(server, name="unchanged", work_queue="fast", token_secret_name="git-token", parameter_schema=SCHEMA)
    news = provider.check({}, wanted).inputs
    created = provider.create(news)
    assert created.outs
    asked, written = requests(server), server.writes()
    again = provider.check(news, wanted)
    assert not again.failures
    assert provider.diff(created.id, created.outs, again.inputs).changes is False
    assert requests(server) == asked

    found = provider.read(created.id, created.outs)
    assert found.outs == created.outs
    assert provider.update(created.id, created.outs, again.inputs).outs == created.outs
    assert server.writes() == written
    provider.delete(created.id, created.outs)


def test_a_preview_before_prefect_is_there_says_nothing_and_an_up_says_one_thing(
    provider: FlowDeploymentProvider,
) -> None:
    down = deployment_inputs.inputs(api_url=f"http://127.0.0.1:{closed_port()}/api", token_secret_name="git-token")
    assert provider.check({}, down).failures == []
    with pytest.raises(ProviderError, match=r"start it or set landing:prefect\.apiUrl$") as caught:
        provider.create(down)
    assert "\n" not in str(caught.value)


def test_a_parameter_of_the_wrong_type_is_named_and_its_value_is_not(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    wrong = {"partner": "skyway", "note": "hunter2"}
    with pytest.raises(ProviderError) as caught:
        provider.create(inputs(server, name="typed", parameters=wrong, parameter_schema=SCHEMA))
    assert "Validation failed for field 'note'. Failure reason: '...' is not of type 'integer'" in str(caught.value)
    assert "hunter2" not in str(caught.value)

    created = provider.create(inputs(server, name="typed", parameter_schema=SCHEMA))
    assert created.outs
    with pytest.raises(ProviderError) as caught:
        provider.update(
            created.id, created.outs, inputs(server, name="typed", parameters=wrong, parameter_schema=SCHEMA)
        )
    assert "Validation failed for field 'note'" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    provider.delete(created.id, created.outs)


def test_a_job_variable_of_the_wrong_type_is_told_without_its_value(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    template = {
        "job_configuration": {"wait": "{{ wait }}"},
        "variables": {"type": "object", "properties": {"wait": {"type": "integer"}}},
    }
    body = {"name": "strict", "type": "process", "base_job_template": template}
    server.http.post("work_pools/", json=body).raise_for_status()
    wanted = inputs(server, name="variable", work_pool="strict", job_variables={"wait": "hunter2"})
    with pytest.raises(ProviderError) as caught:
        provider.create(wanted)
    assert "Validation failed for field 'wait'" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    server.http.delete("work_pools/strict").raise_for_status()


def test_the_secrets_value_is_in_no_reply_that_we_ask_for(
    provider: FlowDeploymentProvider, server: PrefectServer
) -> None:
    created = provider.create(inputs(server, name="secret", token_secret_name="git-token", username="robot"))
    held = server.get(f"deployments/{created.id}")
    (step,) = held["pull_steps"]
    assert step["prefect.deployments.steps.git_clone"]["credentials"] == {
        "username": "robot",
        "access_token": "{{ prefect.blocks.secret.git-token }}",
    }
    for text in (repr(created.outs), repr(held), server.log.read_text()):
        assert "hunter2" not in text
