"""The flows that a stack names, looked for in the code that their runs take."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from git import Repo

from domain.faults import ConfigurationError
from domain.flow_code import FlowCode, find_code
from domain.flow_settings import FlowSettings
from domain.flow_uses import uses_in
from domain.git_command import GitSourceError
from domain.partners import Partner
from tests.git_hosts import GitHost, serving
from tests.git_places import FLOW, GitPlace
from tests.stack_values import feed, partner, read_partners

RECONCILE = (Path(__file__).parents[2] / "flows" / "reconcile.py").read_text(encoding="utf-8")


def settings(**values: Any) -> FlowSettings:  # noqa: ANN401  # any value of the section
    return FlowSettings.model_validate(values, by_alias=True, by_name=False)


def deployments(*entrypoints: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any value of an entry
    return [{"name": f"d{index}", "entrypoint": each, **more} for index, each in enumerate(entrypoints)]


def partners(*flows: str) -> tuple[Partner, ...]:
    return read_partners(partner(feeds=[feed(f"feed{index}", flow=each) for index, each in enumerate(flows)]))


def find(place: GitPlace, flows: FlowSettings, of: Sequence[Partner] = (), checkout: Path | None = None) -> FlowCode:
    uses = uses_in("landing", flows, of)
    return find_code(checkout or place.folder, {}, flows, uses, key="landing:flows")


def faults(place: GitPlace, flows: FlowSettings, of: Sequence[Partner] = ()) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        find(place, flows, of)
    return {fault.key: fault.message for fault in caught.value.faults}


@pytest.fixture
def both(place: GitPlace) -> GitPlace:
    """A repository with two flows, pushed."""
    place.commit(RECONCILE, "flows/reconcile.py")
    place.push()
    return place


def test_every_flow_that_is_named_is_read(both: GitPlace) -> None:
    flows = settings(deployments=deployments("flows/hello.py:hello"))
    source = find(both, flows, partners("flows/reconcile.py:reconcile")).source
    assert {entrypoint: flow.name for entrypoint, flow in source.flows.items()} == {
        "flows/hello.py:hello": "hello",
        "flows/reconcile.py:reconcile": "reconcile",
    }
    assert (source.branch, source.tip) == ("main", both.head)


def test_the_folder_is_not_read(place: GitPlace) -> None:
    (place.folder / FLOW).write_text("import nonsense", encoding="utf-8")
    code = find(place, settings(deployments=deployments("flows/hello.py:hello")))
    assert code.source.flows
    assert code.warnings == ("changes in flows/ are not committed, so no run has them: flows/hello.py",)


def test_everything_wrong_with_entry_points_is_told_at_once(place: GitPlace) -> None:
    place.commit("def f(:\n", "flows/broken.py")
    place.commit("from prefect import flow\n@flow(name='hello')\ndef other(): ...", "flows/twin.py")
    place.push()
    at, python = f"at main ({place.head[:12]})", ".".join(map(str, sys.version_info[:2]))
    named = ("none.py:f", "hello.py:helo", "broken.py:f", "broken.py:g", "hello.py:hello", "twin.py:other")
    assert faults(place, settings(deployments=deployments(*(f"flows/{each}" for each in named)))) == {
        "landing:flows.deployments[0].entrypoint": (
            f"'flows/none.py' {at} is not in the repository; push it, or correct the path, which starts at the "
            "repository's root"
        ),
        "landing:flows.deployments[1].entrypoint": f"'flows/hello.py' {at} defines no 'helo'; did you mean 'hello'?",
        "landing:flows.deployments[2].entrypoint (and 1 more)": (
            f"'flows/broken.py' {at} is not Python: invalid syntax in line 1 (read by Python {python})"
        ),
        "landing:flows.deployments[5].entrypoint": (
            "flows/twin.py:other has the name 'hello' in Prefect, as has flows/hello.py:hello; give one of them "
            'another: @flow(name="...")'
        ),
    }


def test_one_flow_may_have_many_deployments(place: GitPlace) -> None:
    assert find(place, settings(deployments=deployments(*["flows/hello.py:hello"] * 3))).source.flows


def test_a_file_is_read_once_for_all_deployments(place: GitPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = ast.parse

    def counted(text: str) -> ast.Module:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr("domain.flow_source.ast.parse", counted)
    flows = settings(deployments=deployments(*["flows/hello.py:hello"] * 100))
    assert len(find(place, flows).source.flows) == 1
    assert len(parsed) == 1


def test_what_a_flow_is_told_is_checked_with_its_keys(place: GitPlace) -> None:
    place.commit(
        "from datetime import date\nfrom prefect import flow\n@flow\n"
        "def hello(day: date, rows: int = 1, names: list[str] | None = None): ..."
    )
    place.push()
    entry = {
        "parameters": {"rows": "5", "nmes": [], "names": ["a", 1]},
        "schedules": [
            {"slug": "a", "cron": "0 7 * * *", "parameters": {"day": "2024-13-01"}},
            {"slug": "b", "cron": "0 8 * * *"},
        ],
    }
    key = "landing:flows.deployments[0]"
    assert faults(place, settings(deployments=deployments("flows/hello.py:hello", **entry))) == {
        f"{key}.parameters.nmes": "is not a parameter of the flow 'hello'; did you mean 'names'?",
        f"{key}.parameters.rows": "'5' is not allowed: input should be a valid integer",
        f"{key}.parameters.names[1]": "1 is not a text; write one, in quotes where it looks like a number",
        f"{key}.schedules[0].parameters.day": (
            "'2024-13-01' is not allowed: input should be a valid date in the format YYYY-MM-DD, month value is "
            "outside expected range of 1-12"
        ),
        f"{key}.schedules[1]": ("starts the flow 'hello' without day, which has no default; add it to parameters"),
    }


def test_without_a_schedule_whoever_starts_a_run_gives_the_rest(place: GitPlace) -> None:
    place.commit("from prefect import flow\n@flow\ndef hello(day: str): ...")
    place.push()
    assert find(place, settings(deployments=deployments("flows/hello.py:hello"))).source.flows


def test_a_value_that_prefect_computes_is_not_judged(place: GitPlace) -> None:
    place.commit("from prefect import flow\n@flow\ndef hello(rows: int): ...")
    place.push()
    told = {"rows": {"__prefect_kind": "workspace_variable", "variable_name": "rows"}}
    schedules = [{"slug": "a", "cron": "0 7 * * *"}]
    flows = settings(deployments=deployments("flows/hello.py:hello", parameters=told, schedules=schedules))
    assert find(place, flows).source.flows


def test_a_feeds_flow_takes_what_feeds_tell(place: GitPlace) -> None:
    place.commit(
        "from prefect import flow\n@flow\ndef load(partner, feed, bucket, prefix, database, schema_name, "
        "file_format: int, delimiter, header_rows, more): ...",
        "flows/own.py",
    )
    place.push()
    with pytest.raises(ConfigurationError) as caught:
        find(place, settings(), partners(*["flows/own.py:load"] * 3))
    key = "landing:partners[0].feeds[0].flow (and 2 more)"
    assert [(fault.key, fault.message) for fault in caught.value.faults] == [
        (key, "the flow 'load' does not declare table, which a feed's flow is told; add each as a parameter"),
        (key, "the flow 'load' wants more, which a feed does not tell it; give each a default"),
        (key, "the flow 'load' is told file_format: 'csv' is not allowed: input should be a valid integer"),
    ]


def test_a_decorator_that_nobody_knows_is_a_warning(place: GitPlace) -> None:
    place.commit("from team import flow\n@flow\ndef hello(): ...")
    place.push()
    (warning,) = find(place, settings(deployments=deployments("flows/hello.py:hello"))).warnings
    assert warning.startswith(
        f"'flows/hello.py' at main ({place.head[:12]}) gives 'hello' the decorator @flow, and only"
    )


def test_a_token_that_prefect_would_drop_is_a_fault_of_the_remote_in_use(place: GitPlace) -> None:
    with serving(GitHost(place.remote)) as host:
        place.checkout.remote("origin").set_url(host.url)
        key, message = next(iter(faults(place, settings(tokenSecretName="git-token")).items()))
    assert key == "landing:flows.tokenSecretName"
    assert "over https alone and drops it elsewhere" in message


def test_code_that_the_checkout_does_not_have_comes_from_the_remote(place: GitPlace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    flows = settings(
        repository=f"file://{place.remote}", reference="main", deployments=deployments("flows/hello.py:hello")
    )
    assert find(place, flows, checkout=tmp_path / "empty").source.flows


def test_a_checkout_that_lacks_files_of_the_commit_is_not_trusted(place: GitPlace, tmp_path: Path) -> None:
    with Repo(place.remote) as remote:
        remote.git.config("uploadpack.allowFilter", "true")
    url = f"file://{place.remote}"
    with Repo.clone_from(url, tmp_path / "partial", filter="blob:none", no_checkout=True):
        flows = settings(deployments=deployments("flows/hello.py:hello"))
        assert find(place, flows, checkout=tmp_path / "partial").source.flows


def test_a_commit_by_its_digits_must_be_at_the_remote(place: GitPlace) -> None:
    pushed = place.head
    left = place.commit("from prefect import flow\n@flow\ndef hello(): return 2\n")
    named = deployments("flows/hello.py:hello")
    assert find(place, settings(reference=pushed, deployments=named)).source.commit_sha == pushed
    place.checkout.remote("origin").set_url(f"file://{place.remote}")
    with pytest.raises(GitSourceError, match=rf"^{left} \(landing:flows.reference\) is not a commit at .*; push it"):
        find(place, settings(reference=left, deployments=named))


def test_a_host_that_does_not_say_whether_it_has_a_commit_is_a_warning(place: GitPlace, tmp_path: Path) -> None:
    old = place.head
    place.commit("from prefect import flow\n@flow\ndef hello(): return 2\n")
    place.push()
    (tmp_path / "empty").mkdir()
    with serving(GitHost(place.remote, environment={"GIT_PROTOCOL": ""})) as host:
        flows = settings(repository=host.url, reference=old, deployments=deployments("flows/hello.py:hello"))
        code = find(place, flows)
        assert code.source.flows
        assert "gives out no commit by its number" in code.warnings[0]
        with pytest.raises(GitSourceError, match="gives out no commit by its number"):
            find(place, flows, checkout=tmp_path / "empty")


def test_a_stack_without_flows_asks_for_no_code(place: GitPlace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with serving(GitHost(place.remote)) as host:
        flows = settings(repository=host.url, reference="main")
        assert find(place, flows, checkout=tmp_path / "empty").source.flows == {}
        assert len(host.requests) == 2, "the references alone"


def test_a_use_says_which_key_names_the_flow() -> None:
    flows = settings(deployments=deployments("flows/hello.py:hello"))
    keys = [use.entrypoint_key for use in uses_in("landing", flows, partners("flows/a.py:f", "flows/b.py:f"))]
    assert keys == [
        "landing:flows.deployments[0].entrypoint",
        "landing:partners[0].feeds[0].flow",
        "landing:partners[0].feeds[1].flow",
    ]
