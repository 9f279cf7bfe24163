"""Names of files that are on their way: many SFTP clients upload under a temporary name, and rename at the end.

On S3 a rename is a copy and a delete. Both names are told of as new objects, so a pipe that took the temporary one too
would load the same rows twice, or half of a file that was cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

ENDINGS = (".filepart", ".part", ".partial", ".temp", ".tmp")
"""What clients append by default: WinSCP, several others, rclone, and again others."""


def is_finished(name: str, endings: Sequence[str] = ENDINGS) -> bool:
    """Tell whether a file's name, without its folder, is one to load: what `finished_names` matches."""
    last = name.rpartition("/")[2]
    return last[:1] not in {"", "."} and not last.endswith(tuple(endings))


def finished_names(endings: Sequence[str] = ENDINGS) -> str:
    """Write the regular expression for the paths of files that are whole.

    It leaves out what stands for a folder, as SFTP's `mkdir` makes it (a key that ends with a slash); names that begin
    with a dot, as those of rsync and lftp do (`.in.orders.csv`); and names that end with one of `endings`, which begin
    with a dot. A lookaround would say so in less, but Snowflake documents none for PATTERN. So it is spelled out: each
    way in which a name, read from its end, is no longer one of the endings.
    """
    unwanted = tuple(endings)
    tails = {ending[at:] for ending in unwanted for at in range(1, len(ending))} | {""}
    ways = [_leaves(tail, {*tails, *unwanted}) for tail in sorted(tails) if not tail.endswith(unwanted)]
    return f"(.*/)?[^./]({'|'.join(ways)})"


def _leaves(tail: str, known: set[str]) -> str:
    """Write the names that end with `tail`, before which no character stands that goes on to one of `known`."""
    further = sorted({longer[0] for longer in known if longer and longer[1:] == tail})
    return f"([^/]*[^/{''.join(further)}])?{tail.replace('.', '[.]')}"
