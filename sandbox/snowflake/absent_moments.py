# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateImportUsage=false
# (Arrow and fakesnow are not typed)
"""Points in time that are NULL, on their way to a client.

fakesnow sends a point in time as a structure and forgets which are none at all: a client would read 1970-01-01.
"""

from __future__ import annotations

from typing import Any

import fakesnow.arrow as sent
import pyarrow as pa

_to_structure = sent.timestamp_to_sf_struct


def keep_absent_moments() -> None:
    """Have fakesnow send a NULL as a NULL from here on, in this process."""
    sent.timestamp_to_sf_struct = _with_absent


def _with_absent(moments: Any) -> Any:  # noqa: ANN401  # an array of Arrow's, or its pieces
    structure = _to_structure(moments)
    fields = [structure.type.field(at) for at in range(structure.type.num_fields)]
    known = [structure.field(at).fill_null(0) for at in range(structure.type.num_fields)]
    whole = moments.combine_chunks() if isinstance(moments, pa.ChunkedArray) else moments
    return pa.StructArray.from_arrays(arrays=known, fields=fields, mask=whole.is_null())
