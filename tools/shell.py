"""Open the user's shell on the `dev` stack: `make shell`. Plain `pulumi preview`, `up` and `stack` work in it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.sftp_partner import make_keys
from tools.workspace import open_home, process_environment, state_folder

_STACK = "dev"


def shell_command(shell: str, start_file: Path, *, at_terminal: bool) -> list[str]:
    """Give the command that starts the shell; a bash at a terminal reads `start_file` in place of its own."""
    if at_terminal and Path(shell).name == "bash":
        return [shell, "--rcfile", str(start_file), "-i"]
    return [shell]


def bash_start(environment: Mapping[str, str]) -> str:
    """Give what bash reads at its start: the user's own file, which may change PATH, then our PATH and a prompt."""
    return "\n".join(
        [
            '[ -f "$HOME/.bashrc" ] && . "$HOME/.bashrc"',
            f"export PATH={shlex.quote(environment['PATH'])}",
            f'PS1="({_STACK}) $PS1"',
            "",
        ]
    )


def main() -> None:
    """Start the sandbox, select the stack and become the shell; end with the exit code of what fails before that."""
    checkout = Path.cwd()
    home = open_home(checkout)
    make_keys(state_folder(checkout) / "keys")
    environment = {**process_environment(checkout, home), "PREFECT_API_URL": f"{home.url('prefect')}/api"}
    for command in (
        [sys.executable, "-m", "sandbox", "up"],
        [str(checkout / ".tools" / "bin" / "pulumi"), "stack", "select", "--create", _STACK],
    ):
        ran = subprocess.run(command, check=False, env=environment)  # noqa: S603  # our own commands, of fixed words
        if ran.returncode != 0:
            sys.exit(ran.returncode)
    start_file = state_folder(checkout) / "shell-start"
    start_file.write_text(bash_start(environment))
    shell = os.environ.get("SHELL") or "/bin/bash"
    at_terminal = sys.stdin.isatty()
    if at_terminal:
        print("Plain `pulumi preview`, `pulumi up` and `pulumi stack` work here on dev; `exit` leaves it running.")
    sys.stdout.flush()
    command = shell_command(shell, start_file, at_terminal=at_terminal)
    os.execvpe(command[0], command, environment)  # noqa: S606  # becoming the user's own shell is the point


if __name__ == "__main__":
    main()
