"""AWS's limits for the door, met at preview: what is over one would fail halfway through an `up`."""

from __future__ import annotations

from collections.abc import Sequence

from domain import iam, monitoring
from domain.faults import Fault, path_of
from domain.partners import Partner
from domain.sftp_settings import SftpSettings
from domain.sftp_users import SftpUser


def access_of(partner: Partner, user: SftpUser) -> list[iam.Access]:
    """Give what a user may do, folder by folder."""
    return [iam.Access(prefix=partner.prefix_at(folder.target), writable=folder.writable) for folder in user.folders]


def long_policies(partners: Sequence[Partner], bucket: str, region: str, key: str) -> list[Fault]:
    """Find the users whose folders make a session policy that is too long."""
    faults: list[Fault] = []
    for index, partner in enumerate(partners):
        for place, user in enumerate(partner.users):
            length = iam.length_of_session_policy(bucket, access_of(partner, user), region)
            if length > iam.LONGEST_SESSION_POLICY:
                faults.append(
                    Fault(
                        path_of(key, (index, "users", place, "folders")),
                        f"{len(user.folders)} folders make a session policy of {length} characters, and AWS Transfer "
                        f"takes {iam.LONGEST_SESSION_POLICY}; give fewer folders, or their common parent",
                    )
                )
    return faults


def too_many_filters(partners: Sequence[Partner], sftp: SftpSettings, key: str) -> list[Fault]:
    """Find out whether the alarms need more metric filters than a log group has."""
    users = [user.name for partner in partners for user in partner.logins]
    logins = len(monitoring.failed_logins(users)) if sftp.failed_logins_alarm else 0
    uploads = len(partners) if sftp.failed_uploads_alarm else 0
    if logins + uploads <= monitoring.MOST_FILTERS:
        return []
    switch = "failedUploadsAlarm" if uploads else "failedLoginsAlarm"
    return [
        Fault(
            path_of(key, (switch,)),
            f"alarms for {len(partners)} partners need {logins + uploads} metric filters, and a log group takes "
            f"{monitoring.MOST_FILTERS}; set {switch}: 0, or part the partners into stacks",
        )
    ]
