"""The Route 53 zone that another team made, and that the door's name goes into."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def existing_zone_id(name: str, parent: pulumi.Resource) -> str:
    """Ask Route 53 for the zone's id; no such zone ends the program with one sentence and no traceback."""
    try:
        return aws.route53.get_zone(name=name, opts=pulumi.InvokeOptions(parent=parent)).zone_id
    except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
        cause = str(error).strip().splitlines()[0]
        project = pulumi.get_project()
        raise pulumi.RunError(
            f"{project}:sftp.zone: Route 53 does not show a public zone {name!r} ({cause}); name one that is there, or "
            f"set {project}:sftp.zoneExists to false to have it made"
        ) from None
