"""`python -m tools.bench_feeds`: a stack of a hundred feeds from nothing, beside a bare program of the same resources.

The bare program is what somebody would write who wants these resources and nothing else: the same types with the same
inputs and dependencies, by the same plug-ins from the same two SDKs, without our components, dynamic providers,
settings and checks. It is made from the state of our own stack. What our dynamic providers hold (a deployment a feed,
the trust, the probe) is no plug-in's: for each of them the bare program makes one more object in the bucket, so that
both make as many. Our components cost the bare program nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from domain import iam
from sandbox.snowflake.objects import IAM_USER_ARN
from tools.bench_partners import public_key
from tools.rehearsal import CHECKOUT, Project

FEEDS = 100
_PARTNERS = 10
_OURS, _BARE = "feeds", "bare"
_BUCKET = "aws:s3/bucket:Bucket"
_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
_EXTERNAL_ID = "bench"
_DYNAMIC = "pulumi-python:dynamic"
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105  # by which the engine tells that a value is a secret

_PROGRAM = """\
import json
import pathlib

import pulumi
import pulumi_aws.cloudwatch, pulumi_aws.iam, pulumi_aws.kms, pulumi_aws.route53, pulumi_aws.s3, pulumi_aws.transfer
import pulumi_snowflake

made = {}

def actual(value, renewed):
    if isinstance(value, str):
        for old, new in renewed:
            value = value.replace(old, new)
        return value
    if isinstance(value, list):
        return [actual(each, renewed) for each in value]
    if isinstance(value, dict):
        return {name: actual(each, renewed) for name, each in value.items()}
    return value

for wanted in json.loads(pathlib.Path("resources.json").read_text()):
    before = [made[name] for name in wanted["after"]]
    old = [pair for _, outputs in before for pair in outputs]
    renewed = pulumi.Output.all(*(value for _, value in old)).apply(
        lambda new, old=old: [(text, str(now)) for (text, _), now in zip(old, new)]
    )
    inputs = {
        name: renewed.apply(lambda pairs, value=value: actual(value, pairs)) if old else value
        for name, value in wanted["inputs"].items()
    }
    own = {name: None for name in wanted["outputs"] if name != "id" and name not in inputs}
    options = pulumi.ResourceOptions(depends_on=[resource for resource, _ in before])
    resource = pulumi.CustomResource(wanted["type"], wanted["name"], {**inputs, **own}, options)
    outputs = [(text, getattr(resource, name)) for name, text in wanted["outputs"].items() if name not in inputs]
    made[wanted["name"]] = (resource, outputs)
"""

_GENERATED = ("id", "arn", "keyId", "zoneId", "endpoint")
"""Outputs that are another one each time; what was made of them is made of the new ones."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What both took, in seconds of an `up` from nothing."""

    ours: float
    theirs: float
    resources: int
    """How many each made."""

    @property
    def ratio(self) -> float:
        """Our time by theirs."""
        return self.ours / self.theirs


def feeds_of(count: int) -> list[dict[str, Any]]:
    """Give partners that have `count` feeds together, of some columns each."""
    columns = [
        {"name": "ID", "type": "NUMBER(38,0)"},
        {"name": "NAME", "type": "VARCHAR"},
        {"name": "AT", "type": "DATE"},
    ]
    return [
        {
            "name": f"partner-{number:02}",
            "timeZone": "America/New_York",
            "publicKeys": [public_key(number)],
            "feeds": [{"name": f"feed-{each:03}", "columns": columns} for each in range(number, count, _PARTNERS)],
        }
        for number in range(min(_PARTNERS, count))
    ]


def compare(project: Project, scratch: Path, count: int = FEEDS) -> Comparison:
    """Bring ours up from nothing, then the bare one. The sandbox of the project must be up, and hold neither."""

    def many(config: dict[str, Any]) -> None:
        config["landing:partners"] = feeds_of(count)

    patient = replace(project, limit_seconds=1800)
    patient.stack(_OURS, many)
    ours = _up(patient, _OURS)
    resources = _write_bare(patient, scratch)
    _run(patient, "destroy", "--yes", "--skip-preview", "--stack", _OURS)
    bare = replace(patient, checkout=scratch)
    _run(bare, "stack", "init", _BARE)
    return Comparison(ours=ours, theirs=_up(bare, _BARE), resources=resources)


def _up(project: Project, stack: str) -> float:
    begun = time.monotonic()
    _run(project, "up", "--yes", "--skip-preview", "--stack", stack)
    return time.monotonic() - begun


def _run(project: Project, *arguments: str) -> str:
    ended = project.pulumi(*arguments)
    if ended.returncode:
        raise SystemExit(f"bench: pulumi {arguments[0]} failed\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
    return ended.stdout


def _write_bare(project: Project, folder: Path) -> int:
    """Write the bare program of the stack's resources; give how many it makes."""
    exported = json.loads(_run(project, "stack", "export", "--show-secrets", "--stack", _OURS))
    states = cast("list[dict[str, Any]]", exported["deployment"]["resources"])
    resources = _resources({state["urn"]: state for state in states})
    folder.mkdir()
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    (folder / "Pulumi.yaml").write_text(
        "name: bare\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    stack = yaml.safe_load((project.checkout / f"Pulumi.{_OURS}.yaml").read_text())
    theirs = {key: value for key, value in stack["config"].items() if not key.startswith("landing:")}
    (folder / f"Pulumi.{_BARE}.yaml").write_text(yaml.safe_dump({"config": theirs}))
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / "resources.json").write_text(json.dumps(resources))
    return len(resources)


def _resources(states: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what the bare program makes, each after what it is made of."""
    made = [state for state in states.values() if state.get("custom") and not state["type"].startswith("pulumi:")]
    plugged = {state["urn"]: state for state in made if not state["type"].startswith(_DYNAMIC)}
    names = {urn: f"resource-{number}" for number, urn in enumerate(plugged)}
    wanted: list[dict[str, Any]] = [
        {
            "type": state["type"],
            "name": names[urn],
            "inputs": {**_inputs(state), **_trust(state)},
            "outputs": {
                name: text
                for name in _GENERATED
                if isinstance(text := state["id"] if name == "id" else state["outputs"].get(name), str)
            },
            "after": sorted(names[before] for before in _before(state, states, set(plugged))),
        }
        for urn, state in plugged.items()
    ]
    bucket = next(each for each in wanted if each["type"] == _BUCKET)
    extra = {"bucket": bucket["inputs"]["bucket"], "content": ""}
    return wanted + [
        {
            "type": _OBJECT,
            "name": f"instead-{number}",
            "inputs": {**extra, "key": f"instead/{number}"},
            "outputs": {},
            "after": [bucket["name"]],
        }
        for number in range(len(made) - len(plugged))
    ]


def _inputs(state: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in state["inputs"].items() if not name.startswith("__")}


def _trust(state: dict[str, Any]) -> dict[str, Any]:
    """Let Snowflake's user in from the start: a bare program names an external id of its own."""
    if state["type"] == "snowflake:index/storageIntegrationAws:StorageIntegrationAws":
        return {"storageAwsExternalId": _EXTERNAL_ID}
    if state["type"] == "aws:iam/role:Role" and "snowflake" in state["inputs"]["name"]:
        return {"assumeRolePolicy": json.dumps(iam.storage_trust(IAM_USER_ARN, _EXTERNAL_ID))}
    return {}


def _before(state: dict[str, Any], states: dict[str, dict[str, Any]], plugged: set[str]) -> set[str]:
    """Give what a resource waits for, through what the bare program does not have."""
    found: set[str] = set()
    for urn in cast("list[str]", state.get("dependencies") or []):
        found |= {urn} if urn in plugged else _before(states[urn], states, plugged)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401  # as JSON has it
    """Take secrets out of their wrapping."""
    if isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        if _SECRET in known:
            return json.loads(known["plaintext"])
        return {name: _plain(each) for name, each in known.items() if name != "__defaults"}
    return [_plain(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def main() -> None:
    """Print the figure; the number of feeds may be given."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FEEDS
    with tempfile.TemporaryDirectory(prefix="landing-bench-") as folder:
        project = Project.make(Path(folder))
        project.sandbox("up")
        try:
            found = compare(project, Path(folder) / "bare", count)
        finally:
            project.sandbox("down")
    print(
        f"up of {count} feeds, {found.resources} resources: {found.ours:.1f} s against {found.theirs:.1f} s, "
        f"{found.ratio:.2f} times"
    )


if __name__ == "__main__":
    main()
