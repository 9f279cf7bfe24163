"""A Prefect database made once and copied: migrating an empty one takes most of the server's first start.

`python -m sandbox.prefect.database TARGET` makes it; set-up keeps it beside the tools, under the version's name.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from sandbox.prefect.settings import database_settings

CHECKOUT = Path(__file__).resolve().parent.parent.parent


def prepared_database() -> Path:
    """Give the file in which set-up keeps the migrated database of the installed Prefect; it may not be there."""
    tools = Path(os.environ.get("LANDING_TOOLS") or CHECKOUT / ".tools")
    return tools / f"prefect-{version('prefect')}.db"


def place_database(folder: Path) -> None:
    """Copy the prepared database into a server's `folder` that has none, where set-up has made it."""
    own, prepared = folder / "prefect.db", prepared_database()
    if not own.exists() and prepared.exists():
        scratch = folder / "prefect.db.new"
        shutil.copyfile(prepared, scratch)
        scratch.replace(own)


def prepare(target: Path) -> None:
    """Migrate a new database to `target`, Prefect's own block types in it; it is there whole or not at all."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.update(database_settings(folder))
        asyncio.run(_migrate())
        with closing(sqlite3.connect(folder / "prefect.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode = DELETE")
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(folder / "prefect.db", scratch)
        scratch.replace(target)


async def _migrate() -> None:
    # Prefect reads its settings when it is imported.
    from prefect.server.api.server import create_ui_app  # noqa: PLC0415
    from prefect.server.database import provide_database_interface  # noqa: PLC0415
    from prefect.server.models.block_registration import run_block_auto_registration  # noqa: PLC0415

    create_ui_app(ephemeral=False)  # unpacks its pages once: two servers that start together would do it both
    database = provide_database_interface()
    await database.create_db()
    async with await database.session() as session:
        await run_block_auto_registration(session=session)
    await (await database.engine()).dispose()


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
