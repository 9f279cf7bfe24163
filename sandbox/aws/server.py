"""The part `aws`: one process with moto, its gate, and Transfer's SFTP door."""

from __future__ import annotations

from sandbox.home import SandboxHome


def serve(home: SandboxHome) -> None:
    """Serve AWS on `home.ports.aws` and SFTP on `home.ports.sftp` until SIGTERM, then save the state."""
    raise NotImplementedError
