"""Uploads that the door had begun when its process was killed: no client can go on with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import cast

from moto.s3.models import FakeMultipart, s3_backends

from sandbox.sftp.store import UPLOADER, UPLOADER_IS_TRANSFER

_LOG = logging.getLogger(__name__)


def abandon_uploads() -> None:
    """Throw away the parts of the door's own uploads, before it opens; those of S3's other clients stay."""
    for partitions in s3_backends.values():
        for backend in partitions.values():
            for bucket in backend.buckets.values():
                for number, upload in list(bucket.multiparts.items()):
                    if _is_the_doors(upload):
                        _LOG.info("abandoned a killed process's upload of %s/%s", bucket.name, upload.key_name)
                        bucket.multiparts.pop(number)


def _is_the_doors(upload: FakeMultipart) -> bool:
    metadata = cast("Mapping[str, str]", vars(upload)["metadata"])
    return metadata.get(UPLOADER) == UPLOADER_IS_TRANSFER
