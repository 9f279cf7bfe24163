"""Where set-up puts things: all of it inside the checkout, none of it committed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The places that set-up makes in one checkout."""

    checkout: Path

    @property
    def tools(self) -> Path:
        """What is installed and no Python package."""
        return self.checkout / ".tools"

    @property
    def binaries(self) -> Path:
        """The engine, its Python language host, and the scripts that the host looks for beside itself."""
        return self.tools / "bin"

    @property
    def environment(self) -> Path:
        """The Python environment, with pip in it: the engine's Python host asks pip what a program needs."""
        return self.checkout / ".venv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    @property
    def uv(self) -> Path:
        """The folder of the installer."""
        return self.tools / "uv"

    @property
    def site_packages(self) -> Path:
        """Where the environment keeps its packages; the interpreter that asks is the one that made it."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.environment / "lib" / version / "site-packages"

    def stamp(self, name: str) -> Path:
        """Give the file of a stamp."""
        return self.tools / "stamps" / name

    def log(self, name: str) -> Path:
        """Give the log of a step."""
        return self.tools / "logs" / f"{name}.log"
