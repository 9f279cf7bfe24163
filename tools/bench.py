"""`make bench`: the figures of docs/benchmarks.md, measured here and now.

What is compared runs in turn, A B A B, so that a machine that changes its speed changes both; the ratio is the median
of the pairs' ratios. Everything happens in a rehearsal, apart from the `dev` stack that a person works on.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import tenacity

from sandbox.processes import find, memory
from tools import bench_flows
from tools import bench_loading as loading
from tools.bench_feeds import FEEDS
from tools.bench_feeds import compare as compare_feeds
from tools.bench_partners import preview_seconds, settings_seconds
from tools.bench_policy import microseconds_per_decision
from tools.bench_push import seconds_from_push_to_first_line
from tools.bench_sftp import compare
from tools.bench_trust import measure
from tools.figures import Figure, show
from tools.flights import monthly_files
from tools.nothing import PACKAGE, served, write_program
from tools.rehearsal import CHECKOUT, Project

_PAIRS = 7
_DELIVERIES = 5
_ROWS_OF_A_DELIVERY = 28_000
_SDKS = """
import gc
gc.disable()
import pulumi_aws.iam, pulumi_aws.kms, pulumi_aws.route53, pulumi_aws.s3, pulumi_aws.transfer, pulumi_snowflake
gc.freeze()
"""


def main() -> int:
    """Measure, print and write docs/benchmarks.md; give the exit code, 1 when a goal was missed."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="landing-bench-") as folder:
        project = Project.make(Path(folder))
        try:
            figures += _sandbox(project)
            figures += _demo(project)
            figures += _deliveries(project)
            figures.append(_preview(project, Path(folder) / "bare", "a bare program", 1.3))
            figures.append(_preview(project, Path(folder) / "sdks", "one that imports the SDKs", None, _SDKS))
            figures += _door(project, Path(folder) / "door")
            figures += _partners(project, Path(folder) / "partners")
        finally:
            project.sandbox("down")
        figures.append(_push(Path(folder) / "push"))
        figures.append(_feeds(Path(folder) / "feeds"))
    figures += _loading()
    figures += _trust()
    figures += _flows()
    figures.append(_checks("make check", [], 60))
    if "--tests" in sys.argv:
        figures.append(_checks("make test", ["--all"], 600))
    show(figures, CHECKOUT / "docs" / "benchmarks.md")
    return 0 if all(figure.is_reached for figure in figures) else 1


def _sandbox(project: Project) -> list[Figure]:
    """Start the sandbox twice: from nothing, and from what it kept."""
    first = _timed(lambda: project.sandbox("up"))
    idle = _idle_memory(project)
    _timed(lambda: project.sandbox("down"))
    again = _timed(lambda: project.sandbox("up"))
    project.sandbox("down")
    return [
        Figure("sandbox ready, from nothing", first, "s", 15),
        Figure("sandbox ready, from what it kept", again, "s", 15),
        Figure("sandbox, all parts idle", idle, "MiB", 700, "proportional set size"),
    ]


def _idle_memory(project: Project) -> float:
    return (memory(find(project.home.root)) or 0) / 2**20


def _demo(project: Project) -> list[Figure]:
    """Run the demo as a person does on a warm checkout, with the sandbox down before."""
    project.stack("dev")
    figures: list[Figure] = []
    for name in ("first", "again"):
        project.sandbox("down")
        took = _timed(lambda: project.run([sys.executable, "-m", "tools.demo"]))
        steps = json.loads((project.checkout / ".state" / "demo" / "steps.json").read_text())
        up = next(step for step in steps if step["title"].startswith("pulumi up"))
        figures += [
            Figure(f"make demo, warm checkout, {name}", took, "s", 60),
            Figure(f"of which pulumi up, {name}", up["seconds"], "s", 15, up["result"]),
        ]
    return figures


def _deliveries(project: Project) -> list[Figure]:
    """Send files of 28,000 rows, and wait for each: from the end of the put to the rows in the table."""
    source = monthly_files(project.checkout / ".state" / "bench")[0].path.read_text().splitlines(keepends=True)
    header, rows = source[0], source[1:]
    lines = (rows * (_ROWS_OF_A_DELIVERY // len(rows) + 1))[:_ROWS_OF_A_DELIVERY]
    outputs = json.loads(project.pulumi("stack", "output", "--json", "--stack", "dev").stdout)
    door = project.door("skyway", outputs)
    count = 'SELECT COUNT(*) AS N FROM "LANDING"."RAW"."SKYWAY_FLIGHTS"'

    def loaded() -> int:
        return cast("int", project.sql(count)[0]["n"])

    took: list[float] = []
    for number in range(_DELIVERIES):
        file = project.checkout / ".state" / "bench" / f"delivery-{number}.csv"
        file.write_text(header + "".join(lines))
        wanted = loaded() + _ROWS_OF_A_DELIVERY
        asyncio.run(door.put([file], "flights"))
        took.append(_timed(lambda wanted=wanted: _await(loaded, wanted)))
    detail = f"median of {_DELIVERIES}, slowest {max(took):.2f} s, a query's connection included"
    return [Figure("end of a put to 28,000 rows in the table", statistics.median(took), "s", 3, detail)]


def _await(loaded: Callable[[], int], wanted: int) -> None:
    tenacity.Retrying(
        retry=tenacity.retry_if_not_result(lambda rows: rows == wanted),
        wait=tenacity.wait_fixed(0.02),
        stop=tenacity.stop_after_delay(60),
    )(loaded)


def _preview(project: Project, bare: Path, name: str, goal: float | None, imports: str = "") -> Figure:
    """Compare a no-change preview of dev with that of a bare program of as many resources."""
    state = json.loads(project.pulumi("stack", "export", "--stack", "dev").stdout)
    count = sum(not entry["type"].startswith("pulumi:") for entry in state["deployment"]["resources"])
    write_program(bare, CHECKOUT / ".venv", count, imports)
    with served() as port:
        environment = {**project.environment, "PULUMI_DEBUG_PROVIDERS": f"{PACKAGE}:{port}"}

        def run(*arguments: str) -> None:
            command = ["pulumi", "--non-interactive", *arguments, "--stack", bare.name]
            subprocess.run(command, cwd=bare, env=environment, check=True, capture_output=True)  # noqa: S603  # our own words

        run("stack", "init")
        run("up", "--yes", "--skip-preview")
        pairs: list[tuple[float, float]] = []
        for _ in range(_PAIRS):
            ours = _timed(lambda: project.pulumi("preview", "--expect-no-changes", "--stack", "dev"))
            pairs.append((ours, _timed(lambda: run("preview", "--expect-no-changes"))))
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    detail = f"{ours:.2f} s against {theirs:.2f} s, {count} resources each, median of {_PAIRS} pairs"
    return Figure(f"no-change preview, to that of {name}", ratio, "times", goal, detail)


def _door(project: Project, scratch: Path) -> list[Figure]:
    """Compare the SFTP door with rclone's, and time the decisions behind each of its requests."""
    scratch.mkdir()
    took = [Figure(each.name, each.ratio, "times", 1, each.detail) for each in compare(project, scratch)]
    detail = "mean of those on object and key of a put: role, session, bucket and key policy"
    return [*took, Figure("policy decision", microseconds_per_decision(), "us", 100, detail)]


def _loading() -> list[Figure]:
    """Load the whole flights table by COPY, beside DuckDB's reader of the same file."""
    found = loading.compare()
    detail = f"COPY {found.ours:.2f} s against {found.theirs:.2f} s, medians; at least half as fast is wanted"
    return [Figure(f"load of {found.rows:,} rows, to DuckDB's own CSV reader", found.ratio, "times", 2, detail)]


def _trust() -> list[Figure]:
    """Close the trust loop, beside its own calls made one by one."""
    loop = measure()
    detail = f"{loop.first_seconds:.1f} s the first time in a process"
    return [Figure("trust loop, to the sum of its own calls", loop.ratio, "times", 1.5, detail)]


def _partners(project: Project, scratch: Path) -> list[Figure]:
    """Time a stack of a thousand partners."""
    patient = replace(project, limit_seconds=1800)
    ours, theirs, resources = preview_seconds(patient, scratch)
    detail = f"{ours:.1f} s against {theirs:.1f} s, {resources} resources each, one pair"
    return [
        Figure("settings of 1,000 partners with 2 keys each", settings_seconds(), "s", 1),
        Figure("first preview of 1,000 partners, to that of a bare program", ours / theirs, "times", 1.3, detail),
    ]


@contextmanager
def _empty_sandbox(scratch: Path) -> Generator[Project]:
    """Give a sandbox that holds nothing, for a block."""
    scratch.mkdir()
    project = Project.make(scratch)
    project.sandbox("up")
    try:
        yield project
    finally:
        project.sandbox("down")


def _push(scratch: Path) -> Figure:
    """Push a change of a flow, and wait for its first line in a run."""
    with _empty_sandbox(scratch) as project:
        took = seconds_from_push_to_first_line(project)
    detail = f"median of {len(took)}, slowest {max(took):.1f} s, worker idle"
    return Figure("git push to the new code's first line", statistics.median(took), "s", 5, detail)


def _flows() -> list[Figure]:
    """Register a hundred flows, beside plain requests and beside Prefect's own command."""
    found = bench_flows.measure()
    plain = f"{found.provider:.1f} s against {found.plain:.1f} s"
    deploy = f"{found.provider:.1f} s against {found.prefect:.1f} s of `prefect deploy --all`"
    again = f"against {found.prefect_unchanged:.1f} s of `prefect deploy --all`; a refresh takes {found.refresh:.1f} s"
    count = bench_flows.DEPLOYMENTS
    return [
        Figure(f"{count} flows registered, to plain POSTs", found.to_plain, "times", 1.3, plain),
        Figure(f"{count} flows registered, to Prefect's own way", found.provider / found.prefect, "times", 1, deploy),
        Figure(f"{count} flows, nothing changed", found.unchanged, "s", 0.5, "provider's time, no request"),
        Figure("the same, to Prefect's own way", found.unchanged / found.prefect_unchanged, "times", 0.05, again),
        Figure("import of the provider's module", bench_flows.import_milliseconds(), "ms", 150, "Pulumi's SDK loaded"),
    ]


def _feeds(scratch: Path) -> Figure:
    """Bring up a stack of a hundred feeds from nothing."""
    with _empty_sandbox(scratch) as project:
        found = compare_feeds(project, scratch / "bare")
    detail = f"{found.ours:.1f} s against {found.theirs:.1f} s, {found.resources} resources each, one pair"
    return Figure(f"up of {FEEDS} feeds, to that of a bare program", found.ratio, "times", 1.3, detail)


def _checks(name: str, arguments: list[str], goal: float) -> Figure:
    command = [sys.executable, "-m", "tools.check", *arguments]
    return Figure(name, _timed(lambda: subprocess.run(command, cwd=CHECKOUT, check=True)), "s", goal)  # noqa: S603  # our own words


def _timed(run: Callable[[], object]) -> float:
    begun = time.monotonic()
    ended = run()
    took = time.monotonic() - begun
    if isinstance(ended, subprocess.CompletedProcess):
        command = cast("subprocess.CompletedProcess[str]", ended)
        if command.returncode:
            raise SystemExit(f"bench: {command.args} failed\n{command.stdout}\n{command.stderr}")
    return took


if __name__ == "__main__":
    sys.exit(main())
