"""What the sandbox says to the person who asked for something that it cannot do."""

from __future__ import annotations


class SandboxError(Exception):
    """What went wrong and what to do about it, in one sentence; the log's last lines may follow."""
