"""`make demo`: the life of a file, from a partner's SFTP client to a reconciled table, on this machine.

Every step is the real one: the engine deploys, the partner connects with its own key, the pipe loads because S3 says
so, and the worker pulls the flow's code from Git.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import httpx
import tenacity
from rich.console import Console
from rich.table import Table

from clients.errors import ServiceError
from clients.snowflake import SnowflakeClient
from domain.snowflake_sql import qualified
from sandbox.home import SandboxHome
from tools.engine import Engine, EngineError
from tools.flights import MonthlyFile, monthly_files
from tools.flow_runs import run_deployment
from tools.handover import write_sheets
from tools.recover import recover
from tools.sftp_partner import PARTNER, Door, make_keys, partner_key, shortened
from tools.sql import sandbox_account
from tools.workspace import open_home, state_folder

FEED = "flights"
_LOAD_LIMIT_SECONDS = 120


@dataclass
class Story:
    """The steps as they happen: told on the terminal, and kept for the table at the end."""

    console: Console
    steps: list[tuple[str, str, float]] = field(default_factory=list[tuple[str, str, float]])

    @contextmanager
    def step(self, title: str) -> Generator[list[str]]:
        """Time a step; what the block puts into the list is its result."""
        said: list[str] = []
        started = time.monotonic()
        with self.console.status(f"{title} ..."):
            yield said
        took = time.monotonic() - started
        result = ", ".join(said)
        self.steps.append((title, result, took))
        self.console.print(f"[green]done[/] {title} [dim]{took:5.1f} s[/]  {result}", highlight=False)

    def keep(self, file: Path) -> None:
        """Write the steps down, for the bench."""
        steps = [{"title": title, "result": result, "seconds": took} for title, result, took in self.steps]
        file.write_text(json.dumps(steps, indent=2))

    def table(self) -> Table:
        """Give the steps with their times."""
        table = Table(title="The way of a partner's file", title_justify="left")
        table.add_column("step")
        table.add_column("result", overflow="fold")
        table.add_column("seconds", justify="right")
        for title, result, took in self.steps:
            table.add_row(title, result, f"{took:.1f}")
        table.add_section()
        table.add_row("from start to here", "", f"{sum(took for _, _, took in self.steps):.1f}")
        return table


def main() -> int:
    """Run the demo; give the exit code."""
    console = Console()
    checkout = Path.cwd()
    try:
        _tell(Story(console), checkout)
    except (EngineError, ServiceError, httpx.HTTPError, OSError, asyncssh.Error, DemoError) as error:
        console.print(f"[red]demo:[/] {error}", highlight=False, markup=True)
        return 1
    return 0


class DemoError(Exception):
    """The demo did not get where it should; the message says where it stopped."""


def _tell(story: Story, checkout: Path) -> None:
    home = open_home(checkout)
    state = state_folder(checkout)
    log = home.log("pulumi-up")
    engine = Engine(checkout, home)
    make_keys(state / "keys")
    with story.step("sandbox up") as said:
        _start_sandbox(checkout)
        said.append("AWS, Transfer, Snowflake, Prefect and Git on 127.0.0.1")
    with story.step("pulumi up (stack dev)") as said:
        engine.select()
        said.extend(recover(engine, home))
        engine.run("up", "--yes", "--skip-preview", "--stack", "dev", log=log)
        said.append(_changes(log.read_text()))
    outputs = engine.outputs()
    with story.step("cut the flights table") as said:
        files = monthly_files(state / "demo")
        said.append(f"{len(files)} files, {sum(file.rows for file in files):,} rows")
    door = Door.of_stack(
        outputs,
        port=home.ports.sftp,
        user=PARTNER,
        key=partner_key(state / "keys", PARTNER),
        known_hosts=state / "keys" / "known_hosts",
    )
    sheets = write_sheets(outputs["handover"], state / "handover" / engine.stack)
    with story.step(f"sftp put as {PARTNER}") as said:
        asyncio.run(_deliver(door, files))
        said.append(f"{sum(file.path.stat().st_size for file in files) / 1e6:,.1f} MB, host key checked")
    landed = outputs["snowflake"]
    table = qualified(landed["database"], landed["schema"], landed["tables"][PARTNER][FEED])
    with story.step("pipe loads (nobody asked it to)") as said:
        said.append(f"{_await_rows(home, table, sum(file.rows for file in files)):,} rows in {table}")
    flow = outputs["flows"][f"{PARTNER}-{FEED}"]
    with story.step("flow run reconciles") as said:
        keys = [f"partners/{PARTNER}/{FEED}/{file.path.name}" for file in files]
        run = run_deployment(f"{home.url('prefect')}/api", flow["id"], {"keys": keys})
        said.append(f"{run.state_name}: {run.message.splitlines()[0] if run.message else 'code from Git'}")
    story.keep(state / "demo" / "steps.json")
    story.console.print()
    story.console.print(story.table())
    carriers = f"SELECT CARRIER, COUNT(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC"  # noqa: S608  # quoted by `qualified`
    _say_what_next(
        story.console,
        [
            ("flow run", f"{home.url('prefect')}/runs/flow-run/{run.id}"),
            ("deployment", flow["url"]),
            ("logs", ".venv/bin/python -m sandbox logs [PART]"),
            ("as the partner", door.command()),
            ("handover sheet", shortened(sheets[PARTNER])),
            ("as an analyst", f".venv/bin/python -m tools.sql '{carriers}'"),
            ("as an engineer", "make shell, then pulumi preview"),
            ("when done", "make down"),
        ],
    )
    if run.state_name != "Completed":
        raise DemoError(
            f"the flow run ended as {run.state_name}; its log: {home.url('prefect')}/runs/flow-run/{run.id}"
        )


def _start_sandbox(checkout: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", "up"], cwd=checkout, check=False, capture_output=True, text=True
    )
    if ended.returncode:
        raise DemoError((ended.stdout + ended.stderr).strip())


def _changes(log: str) -> str:
    """Give the engine's own summary of what it changed: the lines under `Resources:`."""
    _, _, summary = log.partition("\nResources:\n")
    lines = [line.strip() for line in summary.partition("\n\n")[0].splitlines()]
    return ", ".join(line for line in lines if line) or "nothing to change"


async def _deliver(door: Door, files: list[MonthlyFile]) -> None:
    await door.put([file.path for file in files], FEED)


def _await_rows(home: SandboxHome, table: str, wanted: int) -> int:
    """Wait until the pipe has loaded every row; more than were sent is as wrong as fewer."""
    with SnowflakeClient.connected(sandbox_account(home)) as snowflake:

        def count() -> int:
            return int(str(snowflake.value(f"SELECT COUNT(*) FROM {table}")))  # noqa: S608  # quoted by `qualified`

        rows = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda rows: rows < wanted),
            wait=tenacity.wait_fixed(0.2),
            stop=tenacity.stop_after_delay(_LOAD_LIMIT_SECONDS),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else 0,
        )(count)
    if rows != wanted:
        raise DemoError(f"{table} holds {rows:,} rows, {wanted:,} were sent; see `python -m sandbox logs snowflake`")
    return rows


def _say_what_next(console: Console, lines: list[tuple[str, str]]) -> None:
    console.print("\nWhat to open, and what to type next:")
    for name, text in lines:
        console.print(f"  [bold]{name:15}[/] {text}", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
