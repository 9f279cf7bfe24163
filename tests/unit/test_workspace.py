from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from sandbox.environment import deployer_environment
from sandbox.home import SandboxHome
from tools.shell import bash_start, shell_command
from tools.workspace import engine_environment, open_home, process_environment, state_folder


@pytest.fixture
def home(tmp_path: Path) -> SandboxHome:
    return SandboxHome.open(tmp_path / "sandbox")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return tmp_path / "checkout"


def test_the_engines_state_lies_beside_the_sandboxs(home: SandboxHome, checkout: Path, tmp_path: Path) -> None:
    environment = engine_environment(checkout, home)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'pulumi'}"
    assert environment["PULUMI_HOME"] == str(tmp_path / "pulumi-home")
    assert (tmp_path / "pulumi").is_dir()


def test_the_checkouts_programs_come_first(home: SandboxHome, checkout: Path) -> None:
    path = engine_environment(checkout, home)["PATH"].split(os.pathsep)
    assert path[:2] == [str(checkout / ".tools" / "bin"), str(checkout / ".venv" / "bin")]
    assert path[2:] == os.environ["PATH"].split(os.pathsep)


def test_the_sandboxs_credentials_are_in_it(home: SandboxHome, checkout: Path) -> None:
    assert deployer_environment(home).items() <= engine_environment(checkout, home).items()


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_S3",
        "SNOWFLAKE_ACCOUNT",
        "PULUMI_ACCESS_TOKEN",
        "PREFECT_API_KEY",
    ],
)
def test_nothing_of_a_real_account_reaches_dev(name: str, home: SandboxHome, checkout: Path) -> None:
    assert name not in process_environment(checkout, home, {name: "somebody's", "LANG": "C"})


def test_the_rest_of_the_environment_stays(home: SandboxHome, checkout: Path) -> None:
    assert process_environment(checkout, home, {"LANG": "C"})["LANG"] == "C"


def test_loopback_is_reached_without_a_proxy(
    home: SandboxHome, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    assert engine_environment(checkout, home)["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_state_is_in_the_checkout_unless_told_otherwise(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LANDING_STATE", raising=False)
    assert state_folder(checkout) == checkout / ".state"
    monkeypatch.setenv("LANDING_STATE", str(tmp_path / "elsewhere"))
    assert open_home(checkout).root == tmp_path / "elsewhere" / "sandbox"


def test_a_bash_at_a_terminal_reads_our_start_file() -> None:
    start = Path("start")
    assert shell_command("/bin/bash", start, at_terminal=True) == ["/bin/bash", "--rcfile", "start", "-i"]
    assert shell_command("/bin/bash", start, at_terminal=False) == ["/bin/bash"]
    assert shell_command("/bin/zsh", start, at_terminal=True) == ["/bin/zsh"]


def test_our_path_stands_after_the_users_own_start_file(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("PATH=/theirs; MINE=kept\n")
    start = tmp_path / "start"
    start.write_text(bash_start({"PATH": "/it's ours:/usr/bin"}))
    said = subprocess.run(  # noqa: S603  # a fixed shell and a line of our own
        ["/bin/bash", "-c", f'. {start}; echo "$PATH $MINE"'],
        env={"HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout == "/it's ours:/usr/bin kept\n"
