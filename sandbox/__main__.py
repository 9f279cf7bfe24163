"""The sandbox's command line: `python -m sandbox [--state DIR] [--base-port N] up|down|status|logs|env`."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from git import InvalidGitRepositoryError
from rich.console import Console
from rich.table import Column, Table

from sandbox.environment import deployer_environment
from sandbox.errors import SandboxError
from sandbox.free_ports import require_free_ports
from sandbox.git.publish import active_branch, publish
from sandbox.git.repository import bare_repository
from sandbox.home import LOOPBACK, Ports, SandboxHome
from sandbox.lifecycle import down, survey, up
from sandbox.parts import PARTS, Part, chosen
from sandbox.processes import find, memory
from sandbox.supervision import CHECKOUT, Supervisor

WHAT_IT_IS = (
    f"the landing zone's sandbox: emulated AWS, SFTP, Snowflake, Git and Prefect on {LOOPBACK}, for the dev stack only"
)

_LOWEST_BASE_PORT = 1024
_HIGHEST_BASE_PORT = 65_000
_MEBIBYTE = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return asked.command(asked)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("sandbox: interrupted", file=sys.stderr)
    return 1


def _up(asked: argparse.Namespace) -> int:
    home, parts = _home(asked), asked.only
    if asked.base_port and asked.base_port != home.ports.aws:
        if Supervisor(home).is_running():
            raise SandboxError(f"it runs on the ports from {home.ports.aws}: run `python -m sandbox down` first")
        require_free_ports(Ports.from_base(asked.base_port), parts)
        home = SandboxHome.open(home.root, asked.base_port)
    print(WHAT_IT_IS)
    start = time.monotonic()
    console = Console(stderr=True)
    waiting = [part.name for part in parts]
    with console.status(f"starts {', '.join(waiting)}") as status:

        def on_ready(part: Part) -> None:
            waiting.remove(part.name)
            status.update(f"waits for {', '.join(waiting)}")
            if console.is_terminal:
                console.print(f"  {part.name} is ready ({time.monotonic() - start:.1f} s)")

        started = up(home, parts, on_ready)
    print(f"ready in {time.monotonic() - start:.1f} s" if started else "already up")
    print(_published(home))
    _show(home, parts)
    return 0


def _down(asked: argparse.Namespace) -> int:
    print("the sandbox is down; what it keeps stays" if down(_home(asked)) else "the sandbox was not running")
    return 0


def _status(asked: argparse.Namespace) -> int:
    return 0 if _show(_home(asked), asked.only) else 1


def _logs(asked: argparse.Namespace) -> int:
    home = _home(asked)
    files = [log for part in asked.only if (log := home.log(part.name)).exists()]
    if not files:
        raise SandboxError(f"there are no logs in {home.folder('logs')} yet: `python -m sandbox up` starts the parts")
    follow = ["-F"] if asked.follow else []
    return subprocess.run(["tail", "-n", str(asked.lines), *follow, *map(str, files)], check=False).returncode  # noqa: S603, S607


def _env(asked: argparse.Namespace) -> int:
    for name, value in deployer_environment(_home(asked)).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _show(home: SandboxHome, parts: Sequence[Part]) -> bool:
    """Print the table of parts, and say whether all are ready."""
    table = Table(Column("part", no_wrap=True), "address", "state", "pid", "up for", "memory", box=None, pad_edge=False)
    seen = survey(home, parts)
    for row in seen:
        process = row.process
        table.add_row(
            row.part.name,
            " ".join(f"{LOOPBACK}:{getattr(home.ports, port)}" for port in row.part.opens),
            "ready" if row.ready else process.state.lower() if process else "stopped",
            str(process.pid) if process and process.pid else "",
            f"{process.uptime_seconds} s" if process and process.uptime_seconds is not None else "",
            _mebibytes(row.memory_bytes),
        )
    table.add_row("and supervisor, in all", "", "", "", "", _mebibytes(memory(find(home.root))))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    return all(row.ready for row in seen)


def _mebibytes(size: int | None) -> str:
    return "" if size is None else f"{size / _MEBIBYTE:.0f} MiB"


def _published(home: SandboxHome) -> str:
    """Publish what is committed in the checkout, and say what the worker will pull."""
    try:
        branch = os.environ.get("GIT_BRANCH") or active_branch(CHECKOUT)
        if branch is None:
            return "git: the checkout is at no branch, so nothing is published; GIT_BRANCH=name publishes its commit"
        commit = publish(home, CHECKOUT, branch)
        return (
            f"git: the worker pulls branch {branch} at {commit[:12]}, what is committed; "
            f"later commits by `git push {_shown(bare_repository(home))} HEAD:{branch}`"
        )
    except InvalidGitRepositoryError:
        return f"git: {CHECKOUT} is no Git checkout, so nothing is published"
    except ValueError as error:
        raise SandboxError(str(error)) from error


def _shown(path: Path) -> Path:
    """Give a path as a person in the checkout would type it."""
    return path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path


def _home(asked: argparse.Namespace) -> SandboxHome:
    return SandboxHome.open(asked.state)


def _default_state() -> Path:
    return Path(os.environ.get("LANDING_STATE") or CHECKOUT / ".state") / "sandbox"


def _base_port(text: str) -> int:
    number = int(text)
    if not _LOWEST_BASE_PORT <= number <= _HIGHEST_BASE_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port between {_LOWEST_BASE_PORT} and {_HIGHEST_BASE_PORT}")
    return number


def _parts(text: str) -> tuple[Part, ...]:
    try:
        return chosen(text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=WHAT_IT_IS)
    parser.add_argument("--state", type=Path, default=_default_state(), metavar="DIR", help="where it keeps its files")
    parser.add_argument("--base-port", type=_base_port, metavar="N", help="first of its ports; `up` remembers it")
    commands = parser.add_subparsers(required=True)

    only = argparse.ArgumentParser(add_help=False)
    only.add_argument("--only", type=_parts, default=PARTS, metavar="PART,...", help="these parts alone")

    one = commands.add_parser("up", parents=[only], help="start all parts and wait until they are ready")
    one.set_defaults(command=_up)
    one = commands.add_parser("down", help="stop all parts; what they keep stays")
    one.set_defaults(command=_down)
    one = commands.add_parser("status", parents=[only], help="show the parts; exit code 1 if one is not ready")
    one.set_defaults(command=_status)
    one = commands.add_parser("logs", help="show the last lines of the logs")
    one.add_argument("only", nargs="?", type=_parts, default=PARTS, metavar="PART")
    one.add_argument("-n", dest="lines", type=int, default=20, metavar="N", help="lines of each log (20)")
    one.add_argument("-f", dest="follow", action="store_true", help="go on with what is written")
    one.set_defaults(command=_logs)
    one = commands.add_parser("env", help="print what a deployer's shell needs, as export lines")
    one.set_defaults(command=_env)
    return parser


if __name__ == "__main__":
    sys.exit(main())
