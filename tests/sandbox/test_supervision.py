from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox import __main__ as command_line
from sandbox import processes
from sandbox.free_ports import free_base_port
from sandbox.git.repository import bare_repository
from sandbox.home import LOOPBACK, SandboxHome
from sandbox.lifecycle import down, up
from sandbox.parts import Part, chosen
from sandbox.supervision import State, Supervisor
from tests.ports import own_base_port

pytestmark = pytest.mark.sandbox

GIT = chosen(["git"])


@pytest.fixture
def home(tmp_path: Path) -> Generator[SandboxHome]:
    home = SandboxHome.open(tmp_path / "state", base_port=own_base_port())
    yield home
    down(home)
    assert not processes.find(home.root)


def run(home: SandboxHome, *arguments: str) -> int:
    return command_line.main(["--state", str(home.root), *arguments])


def eventually_gone(home: SandboxHome, seconds: float) -> None:
    retry(retry=retry_if_result(bool), wait=wait_fixed(0.05), stop=stop_after_delay(seconds))(processes.find)(home.root)


def pid_of_supervisor(home: SandboxHome) -> int:
    return int((home.root / "supervisor" / "supervisord.pid").read_text())


def test_up_status_up_again_down_and_down_again(home: SandboxHome, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "status", "--only", "git") == 1
    assert run(home, "up", "--only", "git") == 0
    said = capsys.readouterr().out
    assert said.count("the landing zone's sandbox: emulated") == 1
    assert f"127.0.0.1:{home.ports.git}" in said
    assert run(home, "status", "--only", "git") == 0
    assert "MiB" in capsys.readouterr().out
    assert run(home, "status") == 1
    assert run(home, "up", "--only", "git") == 0
    assert "already up" in capsys.readouterr().out
    assert processes.find(home.root)

    assert run(home, "down") == 0
    assert not processes.find(home.root)
    assert run(home, "down") == 0
    assert "was not running" in capsys.readouterr().out


def test_nothing_outlives_a_supervisor_that_is_killed(home: SandboxHome) -> None:
    up(home, GIT, on_ready)
    assert len(processes.find(home.root)) == 2
    os.kill(pid_of_supervisor(home), signal.SIGKILL)
    eventually_gone(home, seconds=30)
    assert up(home, GIT, on_ready)


def test_up_ends_what_a_killed_supervisor_left_and_starts_anew(home: SandboxHome) -> None:
    up(home, GIT, on_ready)
    before = processes.find(home.root)
    os.kill(pid_of_supervisor(home), signal.SIGKILL)
    assert up(home, GIT, on_ready)
    assert before.isdisjoint(processes.find(home.root))


def test_a_part_that_dies_is_started_again(home: SandboxHome) -> None:
    up(home, GIT, on_ready)
    [first] = processes.find(home.root, "git")
    os.kill(first, signal.SIGKILL)
    retry(retry=retry_if_result(lambda ready: not ready), wait=wait_fixed(0.1), stop=stop_after_delay(60))(
        lambda: processes.find(home.root, "git") - {first} and GIT[0].ready(home)
    )()


def test_a_taken_port_is_named_with_its_holder_and_the_way_out(
    home: SandboxHome, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((LOOPBACK, home.ports.git)):
        assert run(home, "up", "--only", "git") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"sandbox: port {home.ports.git}, for the sandbox's 'git', is taken by ")
    assert f"(pid {os.getpid()})" in said
    assert f"--base-port {home.ports.aws + 100} up" in said
    assert "Pulumi.dev.yaml" in said
    assert said.count("\n") == 1
    assert not processes.find(home.root)


def test_a_base_port_that_is_not_free_is_not_remembered(home: SandboxHome) -> None:
    wanted = free_base_port(home.ports.aws + 100)
    with socket.create_server((LOOPBACK, wanted + 4)):
        assert run(home, "--base-port", str(wanted), "up", "--only", "git") == 1
    assert SandboxHome.open(home.root).ports == home.ports


def test_other_ports_are_refused_while_it_runs(home: SandboxHome, capsys: pytest.CaptureFixture[str]) -> None:
    up(home, GIT, on_ready)
    assert run(home, "--base-port", str(home.ports.aws + 100), "up", "--only", "git") == 1
    assert f"runs on the ports from {home.ports.aws}: run `python -m sandbox down` first" in capsys.readouterr().err
    assert GIT[0].ready(home)


def test_a_part_that_does_not_start_is_named_with_its_last_words(
    home: SandboxHome, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.root / "git").write_text("no folder")
    assert run(home, "up", "--only", "git") == 1
    said = capsys.readouterr().err
    assert "the sandbox's 'git' does not start" in said
    assert "FileExistsError" in said
    assert not processes.find(home.root)


def test_a_failing_part_does_not_stop_those_that_ran_before(home: SandboxHome) -> None:
    up(home, GIT, on_ready)
    (home.root / "prefect").write_text("no folder")
    assert run(home, "up", "--only", "git,prefect") == 1
    assert GIT[0].ready(home)
    assert Supervisor(home).processes()["prefect"].state in {State.STOPPED, State.FATAL, State.EXITED}


def test_an_interrupted_start_leaves_nothing(home: SandboxHome) -> None:
    def interrupt(_part: Part) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        up(home, GIT, interrupt)
    assert not processes.find(home.root)


def test_two_starts_at_once_make_one_sandbox(home: SandboxHome) -> None:
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(up, home, GIT, on_ready) for _ in range(2)]
        assert sorted(start.result() for start in starts) == [False, True]
    assert len(processes.find(home.root)) == 2


def test_where_processes_cannot_be_looked_up_it_still_goes_up_and_down(
    home: SandboxHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path / "no such folder")
    assert up(home, GIT, on_ready)
    assert down(home)
    assert not down(home)


def test_what_a_part_keeps_is_there_after_down_and_up(home: SandboxHome) -> None:
    up(home, GIT, on_ready)
    kept = bare_repository(home) / "description"
    kept.write_text("ours")
    down(home)
    up(home, GIT, on_ready)
    assert kept.read_text() == "ours"


def test_a_long_path_with_odd_characters_is_no_hindrance(tmp_path: Path) -> None:
    root = tmp_path / ("a folder, 100% 'odd' " * 5)
    home = SandboxHome.open(root, base_port=own_base_port())
    assert not Supervisor(home).is_running()
    asked = Path((home.root / "supervisor" / "socket").read_text())
    try:
        up(home, GIT, on_ready)
        assert not asked.parent.exists()
        outside = Path((home.root / "supervisor" / "socket").read_text())
        assert outside.is_socket()
    finally:
        down(home)
    assert not outside.parent.exists()
    assert not processes.find(home.root)


def test_the_callers_own_cloud_settings_do_not_reach_the_parts(
    home: SandboxHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    up(home, GIT, on_ready)
    for pid in processes.find(home.root):
        assert b"AWS_PROFILE" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_logs_are_shown_and_follow_the_parts(home: SandboxHome, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(home, "logs") == 1
    assert "no logs" in capfd.readouterr().err
    up(home, GIT, on_ready)

    def shown() -> bool:
        assert run(home, "logs", "git", "-n", "5") == 0
        return "serves http://127.0.0.1" in capfd.readouterr().out

    retry(retry=retry_if_result(lambda seen: not seen), wait=wait_fixed(0.1), stop=stop_after_delay(30))(shown)()


def test_env_prints_what_a_shell_can_read(home: SandboxHome, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(home, "env") == 0
    shown = ["AWS_ENDPOINT_URL", "SNOWFLAKE_PRIVATE_KEY"]  # the second has many lines
    script = capsys.readouterr().out + "printf '%s\\0' " + " ".join(f'"${name}"' for name in shown)
    read = subprocess.run(["bash", "-ec", script], env={}, check=True, capture_output=True, text=True)  # noqa: S603, S607  # the sandbox's own words, by the shell on PATH
    address, private_key, _ = read.stdout.split("\0")
    assert address == f"http://127.0.0.1:{home.ports.aws}"
    assert private_key == home.credentials.snowflake_private_key


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["up", "--only", "kafka"], "no part 'kafka'; its parts are aws, "),
        (["--base-port", "80", "up"], "'80' is not a port between 1024 and 65000"),
    ],
)
def test_a_wrong_argument_is_answered_with_what_is_allowed(
    home: SandboxHome, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit):
        run(home, *arguments)
    assert words in capsys.readouterr().err


def test_a_checkout_at_no_branch_publishes_nothing(
    home: SandboxHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command_line, "CHECKOUT", tmp_path)
    monkeypatch.delenv("GIT_BRANCH", raising=False)
    assert run(home, "up", "--only", "git") == 0
    assert "is no Git checkout, so nothing is published" in capsys.readouterr().out


def on_ready(_part: Part) -> None:
    pass
