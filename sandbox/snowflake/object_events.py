"""Messages about objects: S3's events, and those alike by which a pipe is told to look at files again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote_plus, unquote_plus

from sandbox.snowflake.objects import Pipe
from sandbox.snowflake.storage import Location, StoredFile


@dataclass(frozen=True)
class Event:
    """An object that was created: the file, when that was told, and the one pipe that it is for, if it is for one."""

    file: StoredFile
    moment: dt.datetime
    pipe: str | None = None


def created_objects(body: str) -> Iterator[Event]:
    """Give the objects that an S3 event message says were created; a test event has none."""
    told = cast("dict[str, Any]", json.loads(body))
    for record in told.get("Records", ()):
        if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
            kept = record["s3"]["object"]
            place = Location(record["s3"]["bucket"]["name"], unquote_plus(kept["key"]))
            moment = dt.datetime.fromisoformat(record.get("eventTime") or dt.datetime.now(dt.UTC).isoformat())
            yield Event(
                StoredFile(place, int(kept.get("size", 0)), str(kept.get("eTag", "")).strip('"'), 0.0),
                moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC),
                told.get("pipe"),
            )


def message_of(files: Sequence[StoredFile], pipe: Pipe) -> str:
    """Write a message as S3's events are, for one pipe alone."""
    moment = dt.datetime.now(dt.UTC).isoformat()
    records = [
        {
            "eventName": "ObjectCreated:Put",
            "eventTime": moment,
            "s3": {
                "bucket": {"name": file.location.bucket},
                "object": {"key": quote_plus(file.location.key), "size": file.size, "eTag": file.etag},
            },
        }
        for file in files
    ]
    return json.dumps({"pipe": pipe.identity, "Records": records})
