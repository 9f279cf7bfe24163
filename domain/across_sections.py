"""What no section of a stack's configuration can know by itself: names that two of them share, and AWS's limits."""

from __future__ import annotations

from collections.abc import Sequence

from domain.faults import Fault
from domain.flow_settings import FlowSettings
from domain.git_address import token_faults
from domain.partners import Partner, deployment_name, shared_between
from domain.pool_uses import faults_of_pool_uses
from domain.sections import BucketSettings, PrefectSettings
from domain.sftp_limits import long_policies, too_many_filters
from domain.sftp_settings import SftpSettings


def faults_across(
    project: str,
    region: str,
    *,
    partners: Sequence[Partner],
    bucket: BucketSettings | None,
    sftp: SftpSettings | None,
    flows: FlowSettings | None,
    prefect: PrefectSettings | None,
) -> list[Fault]:
    """Find what is wrong with sections that are good by themselves; one that is not good is None."""
    key = f"{project}:partners"
    faults = shared_between(partners, key)
    if flows:
        faults += _name_twins(partners, flows, f"{project}:flows")
        faults += _unknown_runtimes(partners, flows, key)
        faults += useless_tokens(flows, flows.repository, f"{project}:flows")
    if flows and prefect:
        faults += faults_of_pool_uses(flows, prefect, f"{project}:flows")
    if bucket:
        faults += long_policies(partners, bucket.name, region, key)
    if sftp:
        faults += too_many_filters(partners, sftp, f"{project}:sftp")
    return faults


def _name_twins(partners: Sequence[Partner], flows: FlowSettings, key: str) -> list[Fault]:
    """Find flows of no feed whose name is taken, by a feed's deployment or by each other."""
    taken = {deployment_name(partner, feed) for partner in partners for feed in partner.feeds}
    faults: list[Fault] = []
    for index, flow in enumerate(flows.deployments):
        if flow.name in taken:
            faults.append(
                Fault(f"{key}.deployments[{index}].name", f"{flow.name!r} is another deployment's name; choose another")
            )
        taken.add(flow.name)
    return faults


def _unknown_runtimes(partners: Sequence[Partner], flows: FlowSettings, key: str) -> list[Fault]:
    """Find feeds that name a runtime environment which is none."""
    return [
        Fault(f"{key}[{index}].feeds[{number}].runtime", reason)
        for index, partner in enumerate(partners)
        for number, feed in enumerate(partner.feeds)
        if feed.runtime and (reason := flows.unknown_runtime(feed.runtime))
    ]


def useless_tokens(flows: FlowSettings, repository: str | None, key: str) -> list[Fault]:
    """Find what is said of a token that would not reach the repository, which may not be known yet."""
    faults = token_faults(repository, token_secret_name=flows.token_secret_name, username=flows.username)
    return [Fault(f"{key}.{name}", reason) for name, reason in faults]
