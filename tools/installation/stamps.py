"""Know whether something installed is still what its sources ask for.

A stamp is written last, so what has no stamp was interrupted; it is dropped before anything is changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


def content_digest(*sources: Path | str) -> str:
    """Give one digest of the files' contents and the texts, in order; FileNotFoundError where a file is missing."""
    digest = hashlib.sha256()
    for source in sources:
        content = source.read_bytes() if isinstance(source, Path) else source.encode()
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """The mark that what stands at `product` was made, to its end, from sources with this digest."""

    file: Path
    product: Path
    digest: str

    def holds(self) -> bool:
        """Tell whether the product is there, whole, and made from the same sources."""
        try:
            return self.file.read_text() == self.digest and self.product.exists()
        except FileNotFoundError:
            return False

    def drop(self) -> None:
        """Declare the product unfinished, before it is changed."""
        self.file.unlink(missing_ok=True)

    def write(self) -> None:
        """Declare the product finished."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_name(f"{self.file.name}.new")
        scratch.write_text(self.digest)
        scratch.replace(self.file)
