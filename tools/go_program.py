"""Programs that a module of `toolchain/` pins, built once into the user's cache: set-up does without them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.installation.engine import go_environment
from tools.installation.stamps import Stamp, content_digest

_TOOLCHAIN = Path(__file__).resolve().parents[1] / "toolchain"


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """One program, as a module of ours requires it with hashes."""

    module: str
    """The module's folder in toolchain/."""
    package: str
    """What is built: a tool of the module, or the module itself."""
    name: str
    """The file's name in the cache."""
    cache: str
    """The folder in the user's cache."""
    usually: str
    """How long it takes to build, for people."""

    def ready(self) -> Path | None:
        """Give the program if it was built from what the module now says."""
        stamp = self._stamp()
        return stamp.product if stamp.holds() else None

    def built(self) -> Path:
        """Give the program, built if it is not there.

        Raises SystemExit with Go's own words when it cannot be built.
        """
        stamp = self._stamp()
        if stamp.holds():
            return stamp.product
        if shutil.which("go") is None:
            raise SystemExit(f"{self.name}: no `go` is on PATH to build it with: install Go 1.26 or later")
        print(f"builds {self.name} into {stamp.product.parent}, once: {self.usually}", flush=True)
        stamp.drop()
        stamp.product.parent.mkdir(parents=True, exist_ok=True)
        folder = _TOOLCHAIN / self.module
        command = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w"]
        command += ["-o", str(stamp.product), self.package]
        done = subprocess.run(  # noqa: S603  # our own words
            command, cwd=folder, env={**os.environ, **go_environment()}, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{self.name}: {' '.join(command)} in {folder} failed:\n{done.stderr.strip()}")
        stamp.write()
        return stamp.product

    def _stamp(self) -> Stamp:
        folder = _TOOLCHAIN / self.module
        sources = sorted(file for file in folder.iterdir() if file.suffix in {".mod", ".sum", ".go"})
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / self.cache
        return Stamp(
            file=cache / f"{self.name}.stamp",
            product=cache / self.name,
            digest=content_digest(*sources, platform.system(), platform.machine()),
        )
