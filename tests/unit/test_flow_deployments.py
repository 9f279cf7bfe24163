"""What a deployment's source looks like in Prefect, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.flow_deployments import DeploymentSpec, entrypoint_parts, parse_pull_steps, render_fields

NOT_OURS = {"repository": "", "branch": None, "commit_sha": None, "token_secret_name": None, "username": None}
CLONE = "prefect.deployments.steps.git_clone"


@given(
    repository=st.text(min_size=1),
    reference=st.one_of(
        st.tuples(st.just("branch"), st.text(min_size=1)),
        st.tuples(st.just("commit_sha"), st.text("0123456789abcdef", min_size=40, max_size=40)),
    ),
    secret=st.none() | st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True),
    username=st.none() | st.text(min_size=1),
)
def test_a_source_reads_back_as_it_was_written(
    repository: str, reference: tuple[str, str], secret: str | None, username: str | None
) -> None:
    source = {"repository": repository, "token_secret_name": secret, "branch": None, "commit_sha": None}
    source["username"] = username if secret else None
    source |= dict([reference])
    spec = DeploymentSpec(api_url="", owner="", flow_name="", name="", entrypoint="", work_pool="", **source)  # pyright: ignore[reportArgumentType]  # text and None, as declared
    assert parse_pull_steps(render_fields(spec)["pull_steps"]) == source


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{CLONE: {"repository": "x"}}, {CLONE: {"repository": "x"}}],
        [{"prefect.deployments.steps.run_shell_script": {"script": "true"}}],
        [{CLONE: {"repository": "x", "branch": "main", "include_submodules": True}}],
        [{CLONE: {"repository": "x", "branch": "main", "access_token": "hunter2"}}],
        [{CLONE: {"repository": "x", "credentials": {"username": "me", "access_token": "hunter2"}}}],
        [{CLONE: {"repository": "x", "credentials": {"access_token": "{{ prefect.blocks.secret.a }}"}}}],
        [{CLONE: {"repository": "x", "credentials": "{{ prefect.blocks.github-credentials.a }}"}}],
        [{CLONE: None}],
    ],
)
def test_steps_that_we_would_not_write_are_no_source(steps: list[dict[str, Any]]) -> None:
    assert parse_pull_steps(steps) == NOT_OURS


def test_an_entry_point_is_a_file_and_a_function() -> None:
    assert entrypoint_parts("flows/hello.py:hello") == ("flows/hello.py", "hello")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "flows/hello.py", "flows/hello.py:", "/etc/x.py:f", "a/../../x.py:f", "flows/hello.txt:f", "x.py:1f"],
)
def test_what_is_no_entry_point_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an entry point: 'flows/hello.py:hello'"):
        entrypoint_parts(text)
