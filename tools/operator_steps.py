"""What an operator does to a stack in its life, and what the engine must do for it: no more, and no less.

The same steps are gone through on the real AWS provider and on the stand-ins.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi import automation as auto

from tools.rehearsal import Project

Config = dict[str, Any]
"""A stack's configuration, by the keys of its file."""

Change = Callable[[Config], None]
"""Changes a configuration in place."""

_UNCHANGED = {"same", "read", "refresh"}
_HALVES = {"create-replacement", "delete-replaced"}
"""What a replacement is made of; it is told of as a whole too."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change of the configuration, on top of those before it."""

    title: str
    change: Change
    wanted: Mapping[str, int]
    """How often the engine must do what to which type, such as `{"create SshKey": 1}`."""


@dataclass
class Operations:
    """Hears the engine's events of one run, and counts what it did to which type of resource."""

    _heard: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    """Operation, type and URN: a component that is previewed is told of twice."""

    def hear(self, event: auto.EngineEvent) -> None:
        """Take an event; pass this method as the run's `on_event`."""
        # What the engine's own summary leaves out is left out here: its book-keeping of the providers.
        about = event.res_outputs_event.metadata if event.res_outputs_event else None
        if about and about.op.value not in _HALVES and not about.type.startswith("pulumi:providers:"):
            self._heard.add((about.op.value, about.type.rpartition(":")[2], about.urn))

    @property
    def done(self) -> Counter[str]:
        """How often the engine did what to which type, such as `{"create SshKey": 1}`."""
        return Counter(f"{op} {kind}" for op, kind, _ in self._heard if op not in _UNCHANGED)

    @property
    def unchanged(self) -> int:
        """How many resources stayed as they were."""
        return len({urn for op, _, urn in self._heard if op in _UNCHANGED})

    def __str__(self) -> str:
        told = [f"{count} {what}" for what, count in sorted(self.done.items())]
        return ", ".join([*told, f"{self.unchanged} unchanged"])


def key_line(project: Project, name: str) -> str:
    """Give the public key of a partner's person or program; it is made when it is not there yet."""
    return project.partner_key(name).public.read_text().strip()


def begin(config: Config) -> None:
    """Give dev's partner the long form: a user with a folder, so that it can get another."""
    skyway = config["landing:partners"][0]
    keys = skyway.pop("publicKeys")
    skyway["users"] = [{"name": "skyway", "publicKeys": keys, "folders": [{"path": "/inbox", "target": "inbox"}]}]


def rotate(project: Project) -> Change:
    """Add a key, and give the old one a last day a month from now."""

    def change(config: Config) -> None:
        user = _user(config)
        (old,) = user["publicKeys"]
        last_day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
        user["publicKeys"] = [{**old, "expires": str(last_day)}, key_line(project, "skyway-next")]

    return change


def drop_the_old_key(config: Config) -> None:
    """Take the first key out."""
    del _user(config)["publicKeys"][0]


def open_an_outbox(config: Config) -> None:
    """Give the user a folder that it can fetch from."""
    _user(config)["folders"].append({"path": "/outbox", "target": "outbox"})


def add_a_reader(project: Project) -> Change:
    """Give the partner a user that may only fetch, and only reports."""

    def change(config: Config) -> None:
        reader = {
            "name": "skyway-reader",
            "publicKeys": [key_line(project, "skyway-reader")],
            "folders": [{"path": "/reports", "target": "outbox/reports"}],
        }
        config["landing:partners"][0]["users"].append(reader)

    return change


def add_a_partner(project: Project) -> Change:
    """Add a partner with one user and one feed."""

    def change(config: Config) -> None:
        harbour = {
            "name": "harbour",
            "timeZone": "Europe/London",
            "publicKeys": [key_line(project, "harbour")],
            "feeds": [{"name": "cargo", "columns": [{"name": "ID", "type": "NUMBER(38,0)"}]}],
        }
        config["landing:partners"].append(harbour)

    return change


def remove_the_partner(config: Config) -> None:
    """Take the partner that was added out."""
    del config["landing:partners"][1]


def move_into_the_vpc(project: Project) -> Change:
    """Put the door into the account's default VPC, with an address of its own in each of two subnets."""
    ec2 = project.aws("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]

    def change(config: Config) -> None:
        config["landing:sftp"]["endpoint"] = {
            "vpcId": vpc["VpcId"],
            "subnetIds": [subnet["SubnetId"] for subnet in subnets[:2]],
            "allowedCidrs": ["203.0.113.0/24", "2001:db8::/48"],
            "elasticIps": True,
        }

    return change


def move_out_of_the_vpc(config: Config) -> None:
    """Open the door on AWS's public address again."""
    del config["landing:sftp"]["endpoint"]


OF_A_PARTNER = {
    "PartnerAccess": 1,
    "BucketObjectv2": 2,
    "User": 1,
    "SshKey": 1,
    "PartnerAlarms": 1,
    "LogMetricFilter": 1,
    "MetricAlarm": 2,
    "PartnerFeeds": 1,
    "Table": 1,
    "Pipe": 1,
    "FlowDeployment": 1,
}
"""What a partner with one user and one feed is made of."""

OTHER_USERS = {"update LogMetricFilter": 1}
"""The filter of refused logins names the users."""

OTHER_PARTNERS = {**OTHER_USERS, "update PipePause": 1, "update PipeRefresh": 1}
"""Two resources look after all pipes, and name them."""


def steps(project: Project, *, further_host_keys: int) -> list[Step]:
    """Give the steps of a stack that is up with `begin`; one host key of its door is the server's own argument."""
    reader = {"create BucketObjectv2": 1, "create User": 1, "create SshKey": 1, "create MetricAlarm": 1}
    made = {f"create {name}": count for name, count in OF_A_PARTNER.items()}
    removed = {f"delete {name}": count for name, count in OF_A_PARTNER.items()}
    network = {"SftpVpcEndpoint": 1, "SecurityGroup": 1, "SecurityGroupIngressRule": 2, "Eip": 2}
    into_the_vpc = {**{f"create {name}": count for name, count in network.items()}, "update Server": 1}
    # Transfer keeps a server in its VPC: out of it, there is a new one, and the role's trust and the name follow.
    replaced = {"Server": 1, "User": 2, "SshKey": 2, **({"HostKey": further_host_keys} if further_host_keys else {})}
    out_of_the_vpc = {
        **{f"delete {name}": count for name, count in network.items()},
        **{f"replace {name}": count for name, count in replaced.items()},
        "update Record": 1,
        "update Role": 1,
    }
    return [
        Step(title="a new key beside the old one", change=rotate(project), wanted={"create SshKey": 1}),
        Step(title="the old key is taken out", change=drop_the_old_key, wanted={"delete SshKey": 1}),
        Step(title="an outbox", change=open_an_outbox, wanted={"create BucketObjectv2": 1, "update User": 1}),
        Step(title="a second user", change=add_a_reader(project), wanted={**reader, **OTHER_USERS}),
        Step(title="a partner", change=add_a_partner(project), wanted={**made, **OTHER_PARTNERS}),
        Step(title="the partner is removed", change=remove_the_partner, wanted={**removed, **OTHER_PARTNERS}),
        Step(title="into a VPC", change=move_into_the_vpc(project), wanted=into_the_vpc),
        Step(title="out of the VPC", change=move_out_of_the_vpc, wanted=out_of_the_vpc),
    ]


def _user(config: Config) -> Config:
    return config["landing:partners"][0]["users"][0]
