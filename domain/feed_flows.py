"""What the flow of a feed is told; a flow of one's own declares the same parameters as `flows/reconcile.py`."""

from __future__ import annotations

from typing import Any

from domain.feeds import Feed
from domain.partners import Partner
from domain.unfinished import ENDINGS

PLACE = ("bucket", "database", "schema_name", "table")
"""Parameters that say where the feed lands, known once that is there."""


def feed_parameters(partner: Partner, feed: Feed) -> dict[str, Any]:
    """Give the parameters that the settings alone tell."""
    return {
        "partner": partner.name,
        "feed": feed.name,
        "prefix": f"{partner.prefix}{feed.name}/",
        "file_format": feed.format,
        "delimiter": feed.csv.delimiter,
        "header_rows": feed.csv.header_rows,
        # Only where it says more than the flow knows by itself: a flow of one's own need not declare it.
        **({} if feed.unfinished == ENDINGS else {"unfinished": list(feed.unfinished)}),
    }
