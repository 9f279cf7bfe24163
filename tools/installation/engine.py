"""Provide the Pulumi engine: the machine's own where it is new enough, else built from the modules in toolchain/.

The language host is a module of its own because it does not compile against the CLI's version of the SDK; it serves
the newer CLI all the same. The scripts come from the same SDK as the host.
"""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.installation.layout import Layout
from tools.installation.stamps import Stamp, content_digest
from tools.installation.steps import SetupError, Step, answer, say
from tools.installation.versions import dotted, required_go, required_module, version_in

_SDK = "github.com/pulumi/pulumi/sdk/v3"
_LINKER_FLAGS = f"-s -w -X {_SDK}/go/common/version.Version"
"""Without symbols; with the version, which the Automation API asks for."""
_SCRIPTS = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-resource-pulumi-python",
    "python/dist/pulumi-analyzer-policy-python",
)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program of the engine that a module of toolchain/ pins."""

    module: str
    """Its folder in toolchain/."""
    package: str
    name: str
    usually: str


CLI = Program(
    module="cli",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    name="pulumi",
    usually="about 4 minutes on 2 cores",
)
HOST = Program(
    module="pyhost",
    package="github.com/pulumi/pulumi/sdk/python/cmd/pulumi-language-python/v3",
    name="pulumi-language-python",
    usually="about 30 s",
)


def go_environment() -> dict[str, str]:
    """Give what Go's environment lacks: it fetches no other Go by itself, unless the person says so."""
    return {} if "GOTOOLCHAIN" in os.environ else {"GOTOOLCHAIN": "local"}


def go_fault(version: tuple[int, int, int] | None, needed: tuple[int, int, int]) -> str | None:
    """Say what is wrong with the machine's Go (None: there is none), or None where it will do."""
    if version is not None and version >= needed:
        return None
    found = "no `go` is on PATH" if version is None else f"the one on PATH is {dotted(version)}"
    return (
        f"Go {dotted(needed)} or later is needed to build the Pulumi engine, and {found}: install it, "
        "or put a Pulumi of the pinned version and its Python language host on PATH"
        + ("" if version is None else ", or let Go fetch its successor with `GOTOOLCHAIN=auto make setup`")
    )


async def install_engine(layout: Layout) -> None:
    """Bring `.tools/bin` up to date: a link to the machine's `pulumi`, or programs built here and their scripts."""
    programs = [program for program in (CLI, HOST) if not _stamp(layout, program).holds()]
    if not programs or _link_machine_engine(layout):
        return
    _check_go(layout)
    for program in programs:
        await _build(layout, program)


async def _build(layout: Layout, program: Program) -> None:
    module = layout.checkout / "toolchain" / program.module
    version = dotted(required_module(module / "go.mod", _SDK))
    stamp = _stamp(layout, program)
    scratch = layout.tools / f"new-{program.name}"
    await Step(
        title=f"engine: building {program.name} {version}",
        usually=program.usually,
        command=[
            *("go", "build", "-mod=readonly", "-v", "-o", scratch),
            *("-ldflags", f"{_LINKER_FLAGS}=v{version}", program.package),
        ],
        log=layout.log(program.name),
        folder=module,
        environment=go_environment(),
        counts="lines from Go (modules fetched, packages compiled)",
    ).run()
    stamp.drop()
    layout.binaries.mkdir(parents=True, exist_ok=True)
    if program is HOST:
        _copy_scripts(layout, module)
    scratch.replace(layout.binaries / program.name)
    stamp.write()


def _copy_scripts(layout: Layout, module: Path) -> None:
    """Put the scripts that the host starts beside it; the module's own copies have no run bit."""
    question = ("go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK)
    sdk = answer(*question, folder=module, environment=go_environment())
    if not sdk:
        raise SetupError(f"engine: Go does not say where its module {_SDK} is; `{' '.join(question)}` in {module} does")
    for script in _SCRIPTS:
        scratch = layout.tools / "new-script"
        shutil.copyfile(Path(sdk) / script, scratch)
        scratch.chmod(0o755)
        scratch.replace(layout.binaries / Path(script).name)


def _stamp(layout: Layout, program: Program) -> Stamp:
    module = layout.checkout / "toolchain" / program.module
    recipe = (program.package, _LINKER_FLAGS, *_SCRIPTS, platform.machine())
    return Stamp(
        file=layout.stamp(program.name),
        product=layout.binaries / program.name,
        digest=content_digest(module / "go.mod", module / "go.sum", *recipe),
    )


def _link_machine_engine(layout: Layout) -> bool:
    """Use the machine's `pulumi` where it is new enough and brings its Python host; tell whether it is used."""
    found = machine_engine(os.environ.get("PATH", ""), layout.binaries)
    if found is None:
        return False
    pinned = required_module(layout.checkout / "toolchain" / "cli" / "go.mod", _SDK)
    said = answer(found, "version") or ""
    version = version_in(said)
    if version is None or version < pinned:
        say(f"engine: {found} is {said or 'of no known version'}, and {dotted(pinned)} or later is needed")
        return False
    link = layout.binaries / CLI.name
    if not (link.is_symlink() and link.resolve() == found.resolve()):
        layout.binaries.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(found)
        say(f"engine: {found} {dotted(version)} is used")
    return True


def machine_engine(path: str, ours: Path) -> Path | None:
    """Give the `pulumi` of this PATH that is not ours and has its Python language host beside it or on PATH."""
    elsewhere = os.pathsep.join(
        folder for folder in path.split(os.pathsep) if folder and Path(folder).resolve() != ours.resolve()
    )
    pulumi = shutil.which(CLI.name, path=elsewhere)
    if pulumi is None:
        return None
    beside = Path(pulumi).resolve().parent / HOST.name
    return Path(pulumi) if beside.exists() or shutil.which(HOST.name, path=elsewhere) else None


def _check_go(layout: Layout) -> None:
    needed = max(required_go(layout.checkout / "toolchain" / program.module / "go.mod") for program in (CLI, HOST))
    said = answer("go", "env", "GOVERSION", folder=layout.checkout / "toolchain", environment=go_environment())
    version = version_in(said or "")
    may_fetch_another = os.environ.get("GOTOOLCHAIN", "local") != "local"
    fault = None if version and may_fetch_another else go_fault(version, needed)
    if fault is not None:
        raise SetupError(fault)
