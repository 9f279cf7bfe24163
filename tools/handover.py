"""`make handover`: write each partner's handover sheet to a file, from the outputs of a stack."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from tools.workspace import open_home, process_environment, state_folder

_DEV = "dev"


def main() -> int:
    """Write the sheets of the stack that is named; give the exit code."""
    parser = argparse.ArgumentParser(prog="handover", description=__doc__)
    parser.add_argument("--stack", default=_DEV, help="the stack whose partners they are (default: dev)")
    stack = cast("str", parser.parse_args().stack)
    checkout = Path.cwd()
    # A real stack is read with the caller's own backend and credentials, `dev` with those of the sandbox.
    environment = process_environment(checkout, open_home(checkout)) if stack == _DEV else dict(os.environ)
    ended = subprocess.run(  # noqa: S603  # our own words, and a stack's name as one argument
        [str(checkout / ".tools" / "bin" / "pulumi"), "stack", "output", "handover", "--json", "--stack", stack],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        print(f"handover: {ended.stderr.strip()}; `pulumi up` gives a stack its sheets", file=sys.stderr)
        return 1
    folder = state_folder(checkout) / "handover" / stack
    for file in write_sheets(json.loads(ended.stdout), folder).values():
        print(file)
    return 0


def write_sheets(sheets: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Write the sheets into `folder`, a file a partner, and give the files by the partner's name.

    The sheet of a partner that is gone is removed: nobody hands it out by mistake.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {partner: folder / f"{partner}.md" for partner in sheets}
    for gone in set(folder.glob("*.md")) - set(files.values()):
        gone.unlink()
    for partner, file in files.items():
        file.write_text(sheets[partner])
    return files


if __name__ == "__main__":
    sys.exit(main())
