from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.environment import deployer_environment, worker_environment
from sandbox.home import DEFAULT_BASE_PORT, Ports, SandboxHome
from sandbox.parts import PARTS, chosen, named


@given(base=st.integers(min_value=1024, max_value=65_000))
def test_ports_are_distinct_and_follow_each_other_from_the_base(base: int) -> None:
    assert list(asdict(Ports.from_base(base)).values()) == list(range(base, base + 7))


def test_credentials_and_ports_are_kept_and_a_new_base_port_is_remembered(tmp_path: Path) -> None:
    first = SandboxHome.open(tmp_path / "state")
    assert first.ports.aws == DEFAULT_BASE_PORT
    moved = SandboxHome.open(tmp_path / "state", base_port=20_000)
    again = SandboxHome.open(tmp_path / "state")
    assert again == moved
    assert again.credentials == first.credentials
    assert again.url("prefect") == "http://127.0.0.1:20003"


def test_two_sandboxes_share_no_credential(tmp_path: Path) -> None:
    one, other = SandboxHome.open(tmp_path / "one"), SandboxHome.open(tmp_path / "other")
    assert set(_texts(asdict(one.credentials))).isdisjoint(_texts(asdict(other.credentials)))


def test_only_the_owner_reads_what_is_kept(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "state")
    assert stat.S_IMODE((home.root / "home.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.folder("aws").stat().st_mode) == 0o700


def test_every_port_of_the_table_is_opened_by_one_part() -> None:
    opened = [port for part in PARTS for port in part.opens]
    assert sorted(opened) == sorted(asdict(Ports.from_base(1024)))


def test_a_part_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(
        ValueError, match=r"no part 'kafka'; its parts are aws, snowflake, prefect, worker, git, plugins"
    ):
        named("kafka")


def test_parts_are_chosen_in_the_order_of_the_table() -> None:
    assert [part.name for part in chosen(["git", "aws"])] == ["aws", "git"]
    assert chosen([]) == PARTS


def test_the_worker_never_gets_the_deployers_key(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "state")
    deployer, worker = deployer_environment(home), worker_environment(home)
    assert deployer["AWS_SECRET_ACCESS_KEY"] == home.credentials.deployer.secret_access_key
    assert worker["AWS_SECRET_ACCESS_KEY"] == home.credentials.worker.secret_access_key
    assert home.credentials.deployer.secret_access_key not in worker.values()


def test_the_engine_is_told_the_ports_of_both_providers(tmp_path: Path) -> None:
    home = SandboxHome.open(tmp_path / "state", base_port=20_000)
    assert deployer_environment(home)["PULUMI_DEBUG_PROVIDERS"] == "aws:20005,snowflake:20006"


def _texts(kept: dict[str, object]) -> list[str]:
    return [text for value in kept.values() for text in (_texts(value) if isinstance(value, dict) else [str(value)])]  # pyright: ignore[reportUnknownArgumentType]  # asdict of two levels


def test_commands_that_are_first_at_once_agree_on_the_credentials(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        homes = list(pool.map(SandboxHome.open, [tmp_path / "state"] * 8))
    assert {home.credentials for home in homes} == {SandboxHome.open(tmp_path / "state").credentials}
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["home.json"]
