"""What the door's log is watched for: filter patterns over AWS Transfer's structured log.

The fields are those of the AWS Transfer Family user guide, "CloudWatch log structure"; the patterns are written as in
the CloudWatch Logs user guide, "Filter pattern syntax for metric filters".
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from domain.partners import Partner

LONGEST_PATTERN = 1024
"""How many characters a filter pattern may have (CloudWatch Logs API, PutMetricFilter)."""

MOST_FILTERS = 100
"""How many metric filters a log group may have (CloudWatch Logs quotas)."""


def failed_logins(users: Iterable[str]) -> tuple[str, ...]:
    """Write the patterns of refused logins of the given users, as few as hold them all.

    A refused login names its user, so one filter with the user as a dimension would do for all; but whoever scans the
    internet tries hundreds of names, and CloudWatch switches a filter off that makes too many series. So only users
    that exist are counted.
    """
    patterns: list[str] = []
    open_: list[str] = []
    for user in sorted(users):
        clause = f"($.user = {json.dumps(user)})"
        if open_ and len(_any_of([*open_, clause])) > LONGEST_PATTERN:
            patterns.append(_any_of(open_))
            open_ = []
        open_.append(clause)
    if open_:
        patterns.append(_any_of(open_))
    return tuple(patterns)


def _any_of(users: list[str]) -> str:
    return '{ ($.activity-type = "AUTH_FAILURE") && (' + " || ".join(users) + ") }"


def failed_uploads(bucket: str, partner: Partner) -> str:
    """Write the pattern of what failed or broke off in a partner's inbox: these events name a path, and no user."""
    path = json.dumps(f"/{bucket}/{partner.prefix}*")
    return f'{{ (($.activity-type = "ERROR") || ($.activity-type = "PARTIAL_CLOSE")) && ($.path = {path}) }}'
