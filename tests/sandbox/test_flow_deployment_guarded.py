"""The flow deployment provider on a Prefect server that asks for a password, and for tokens against forgery."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from clients.prefect_access import PrefectAccess, PrefectCredentials, http_at
from providers.flow_deployment import FlowDeploymentProvider
from providers.typed_provider import ProviderError
from tests import deployment_inputs
from tests.deployment_inputs import daily
from tests.sandbox.prefect_api import PrefectServer, serve

pytestmark = pytest.mark.sandbox

PASSWORD = "ada:hunter2"


@pytest.fixture(scope="module")
def server() -> Generator[PrefectServer]:
    settings = {"PREFECT_SERVER_API_AUTH_STRING": PASSWORD, "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true"}
    with serve(None, **settings) as server:
        http = http_at(PrefectAccess(api_url=server.api_url, credentials=PrefectCredentials(basic_auth=PASSWORD)))
        http.call("POST", "work_pools/", {"name": "landing", "type": "process", "base_job_template": {}})
        yield server


def provider(password: str | None) -> FlowDeploymentProvider:
    provider = FlowDeploymentProvider()
    provider.configured({"landing:prefect": {"basicAuth": password}})
    return provider


def inputs(server: PrefectServer, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # any property
    return deployment_inputs.inputs(**({"api_url": server.api_url} | changes))


def test_each_verb_comes_in_with_a_password_and_a_token_against_forgery(server: PrefectServer) -> None:
    ours = provider(PASSWORD)
    assert ours.check({}, inputs(server)).failures == []
    created = ours.create(inputs(server))
    assert created.outs
    after = ours.update(created.id, created.outs, inputs(server, schedules=[daily(cron="0 8 * * *")])).outs
    assert after
    assert ours.read(created.id, after).outs == after
    ours.delete(created.id, after)
    assert ours.read(created.id, after).id == ""
    refused = [write for write in server.writes() if write.endswith(" 403")]
    assert len(refused) == 1  # the first of the process: its token serves all that follow


@pytest.mark.parametrize("password", [None, "ada:wrong"])
def test_who_is_not_known_is_told_what_to_set(server: PrefectServer, password: str | None) -> None:
    state = {**inputs(server), "deployment_id": "x", "url": "", "reference": "main"}
    for verb in (
        lambda: provider(password).create(inputs(server)),
        lambda: provider(password).delete("5d1f2a0e-0000-4000-8000-000000000000", state),
    ):
        with pytest.raises(ProviderError, match=r"401 \(Unauthorized\); set landing:prefect\.apiKey or") as caught:
            verb()
        assert "wrong" not in str(caught.value)


def test_no_password_is_in_the_state_or_in_the_servers_log(server: PrefectServer) -> None:
    created = provider(PASSWORD).create(inputs(server, name="scanned"))
    assert "hunter2" not in repr(created.outs)
    assert "hunter2" not in server.log.read_text()
