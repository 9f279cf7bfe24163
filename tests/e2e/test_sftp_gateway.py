"""The SFTP door of a stack over its life: who gets in, what a client pins, what is refused, and who hears of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import tenacity
from pulumi import automation as auto

from sandbox.home import LOOPBACK
from tests.e2e.openssh import OpenSsh
from tools.flow_runs import run_deployment
from tools.operator_steps import (
    Change,
    Config,
    Operations,
    add_a_reader,
    begin,
    move_into_the_vpc,
    open_an_outbox,
    rotate,
)
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

NAME = "gateway"
BUCKET = "landing-gateway-partners"
TABLE = '"GATEWAY"."RAW"."SKYWAY_FLIGHTS"'
LOG_GROUP = f"/aws/transfer/landing-{NAME}"
eventually = tenacity.retry(
    wait=tenacity.wait_fixed(0.2),
    stop=tenacity.stop_after_delay(60),
    retry=tenacity.retry_if_exception_type(AssertionError),
    reraise=True,
)


def named_apart(config: Config) -> None:
    config["landing:bucket"]["name"] = BUCKET
    config["landing:sftp"] |= {"zone": f"{NAME}.example", "hostname": f"sftp.{NAME}.example"}
    # A feed of two columns is enough, and an alarm at the second refusal does not mind the end of its five minutes.
    config["landing:sftp"]["failedLoginsAlarm"] = 2
    config["landing:snowflake"] |= {"database": NAME.upper(), "storageIntegration": "GATEWAY_S3"}
    config["landing:flows"]["deployments"] = []
    config["landing:partners"][0]["feeds"][0]["columns"] = [{"name": "ID", "type": "NUMBER(38,0)"}]


@dataclass
class Gateway:
    """A stack whose configuration changes from test to test, and the client that learnt its keys at the first `up`."""

    project: Project
    folder: Path
    changes: list[Change] = field(default_factory=list[Change])

    def stack(self, *more: Change) -> auto.Stack:
        """Give the stack with all changes so far, and with `more` of which nothing is kept."""

        def change(config: Config) -> None:
            for each in (*self.changes, *more):
                each(config)

        return self.project.stack(NAME, change)

    def up(self, change: Change | None = None, **options: Any) -> dict[str, int]:  # noqa: ANN401  # the Automation API's own
        """Bring the stack up, with one change more; give what the engine did."""
        if change:
            self.changes.append(change)
        heard = Operations()
        self.stack().up(on_event=heard.hear, **options)
        return dict(heard.done)

    def outputs(self) -> Mapping[str, Any]:
        return {name: value.value for name, value in self.stack().outputs().items()}

    def resources(self) -> dict[str, dict[str, Any]]:
        """Give what the state holds by its URN, each with its inputs and outputs."""
        deployment: Any = self.stack().export_stack().deployment
        return {resource["urn"]: resource for resource in deployment["resources"]}

    def refused(self, verb: str, change: Change) -> str:
        """Run a command that must fail with a change, and give its words; the change is taken back."""
        self.stack(change)
        options = ["--yes", "--skip-preview"] if verb == "up" else []
        ended = self.project.pulumi(verb, *options, "--stack", NAME)
        self.stack()
        told = ended.stdout + ended.stderr
        assert ended.returncode != 0, told
        assert "Traceback" not in told
        return told

    def gets_in(self, user: str, key: str) -> bool:
        ended = self.client.sftp(user, self.project.partner_key(key), "ls -a /")
        assert ended.returncode == 0 or "Permission denied (publickey)" in ended.stderr, ended.stderr
        return ended.returncode == 0

    @property
    def client(self) -> OpenSsh:
        return OpenSsh(project=self.project, hostname=f"sftp.{NAME}.example", config=self.folder / "ssh_config")


@pytest.fixture(scope="module")
def gateway(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Generator[Gateway]:
    """Give the stack, up, with a partner of two users; it is gone afterwards."""
    made = Gateway(project, tmp_path_factory.mktemp("partner"), [named_apart, begin, open_an_outbox])

    made.up(add_a_reader(project))
    OpenSsh.knowing(project, made.outputs(), made.folder)
    yield made
    made.stack().destroy()


def objects(project: Project, prefix: str = "") -> list[str]:
    listed = project.aws("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def put_in_the_outbox(project: Project, name: str) -> None:
    project.aws("s3").put_object(Bucket=BUCKET, Key=f"outbox/skyway/{name}", Body=b"a report")


def test_each_user_sees_its_own_folders_and_no_more(project: Project, gateway: Gateway) -> None:
    assert objects(project) == [
        "outbox/skyway/",
        "outbox/skyway/reports/",
        "partners/skyway/",
        "partners/skyway/flights/",
    ]
    put_in_the_outbox(project, "reports/june.txt")
    skyway, reader = project.partner_key("skyway"), project.partner_key("skyway-reader")
    seen = gateway.client.sftp("skyway", skyway, "ls -1 /\nls -1 /inbox\nls -1 /outbox\nls -1 /outbox/reports")
    assert seen.returncode == 0, seen.stderr
    assert re.findall(r"^/\S*$", seen.stdout, re.MULTILINE) == [
        "/inbox",
        "/outbox",
        "/inbox/flights",
        "/outbox/reports",
        "/outbox/reports/june.txt",
    ]
    assert "nothing that is sent here leaves it" in seen.stderr, "the banner"
    seen = gateway.client.sftp("skyway-reader", reader, "ls -1 /\nget /reports/june.txt")
    assert seen.returncode == 0, seen.stderr
    assert (gateway.folder / "june.txt").read_text() == "a report"


@pytest.mark.parametrize("command", ["put june.txt", "rm june.txt", "rename june.txt july.txt", "mkdir july"])
def test_an_outbox_is_read_only(project: Project, gateway: Gateway, command: str) -> None:
    put_in_the_outbox(project, "june.txt")
    (gateway.folder / "june.txt").touch()
    refused = gateway.client.sftp("skyway", project.partner_key("skyway"), f"cd /outbox\n{command}")
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr
    assert "outbox/skyway/june.txt" in objects(project)
    assert not any("july" in key for key in objects(project))


def test_folders_are_no_deliveries_and_files_are(project: Project, gateway: Gateway) -> None:
    file = gateway.folder / "june.csv"
    file.write_text("ID\n" + "".join(f"{number}\n" for number in range(7)))
    batch = f"mkdir /inbox/flights/2026\nput {file} /inbox/flights/2026/\n"
    sent = gateway.client.sftp("skyway", project.partner_key("skyway"), batch)
    assert sent.returncode == 0, sent.stderr
    assert "partners/skyway/flights/2026/" in objects(project), "mkdir makes an object that stands for the folder"

    @eventually
    def loaded() -> None:
        assert project.sql(f"SELECT COUNT(*) AS N FROM {TABLE}") == [{"n": 7}]  # noqa: S608  # a constant

    loaded()
    history = project.sql(
        "SELECT FILE_NAME FROM TABLE(GATEWAY.INFORMATION_SCHEMA.COPY_HISTORY("
        "TABLE_NAME => 'GATEWAY.RAW.SKYWAY_FLIGHTS', START_TIME => DATEADD(hour, -1, CURRENT_TIMESTAMP())))"
    )
    assert [str(row["file_name"]).rpartition("/")[2] for row in history] == ["june.csv"]
    flow = gateway.outputs()["flows"]["skyway-flights"]
    run = run_deployment(f"{project.home.url('prefect')}/api", flow["id"], {})
    assert (run.state_name, run.message.splitlines()[0]) == ("Completed", "7 rows of 1 file arrived and are loaded")


def test_the_handover_sheet_can_be_followed(project: Project, gateway: Gateway) -> None:
    sheet = gateway.outputs()["handover"]["skyway"]
    blocks = re.findall(r"```\n(.*?)```", sheet, re.DOTALL)
    lines, commands = blocks[0].splitlines(), blocks[1].splitlines()
    assert sorted(lines) == sorted((gateway.folder / "known_hosts").read_text().splitlines())
    assert {line.split()[1] for line in lines} == {"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"}
    file = gateway.folder / "by-the-sheet.csv"
    file.write_text("ID\n")
    for command in commands:
        done = gateway.client.typed(command, project.partner_key("skyway"), file)
        assert done.returncode == 0, done.stderr
    assert len(commands) == 2
    assert "partners/skyway/flights/by-the-sheet.csv" in objects(project)


def alarm_state(project: Project, name: str) -> str:
    (alarm,) = project.aws("cloudwatch").describe_alarms(AlarmNames=[f"landing-{NAME}-{name}"])["MetricAlarms"]
    return alarm["StateValue"]


def events(project: Project) -> list[dict[str, str]]:
    found = project.aws("logs").filter_log_events(logGroupName=LOG_GROUP)["events"]
    return [json.loads(event["message"]) for event in found]


def test_refused_logins_are_logged_and_raise_the_users_alarm(project: Project, gateway: Gateway) -> None:
    assert alarm_state(project, "skyway-reader-failed-logins") != "ALARM"

    @eventually
    def raised() -> None:
        assert not gateway.gets_in("skyway-reader", "a-stranger")
        assert alarm_state(project, "skyway-reader-failed-logins") == "ALARM"

    raised()
    assert alarm_state(project, "skyway-failed-logins") != "ALARM", "another user's"
    refused = [event for event in events(project) if event["activity-type"] == "AUTH_FAILURE"]
    assert {event["user"] for event in refused} == {"skyway-reader"}
    assert {event["source-ip"] for event in refused} == {LOOPBACK}


def test_an_upload_that_breaks_off_is_logged_and_raises_the_partners_alarm(project: Project, gateway: Gateway) -> None:
    assert alarm_state(project, "skyway-failed-uploads") != "ALARM"

    async def break_off() -> None:
        options: dict[str, Any] = {
            "port": project.home.ports.sftp,
            "username": "skyway",
            "client_keys": [str(project.partner_key("skyway").private)],
            "known_hosts": str(gateway.folder / "known_hosts"),
            "host_key_alias": gateway.client.hostname,
            "config": None,
            "agent_path": None,
        }
        async with asyncssh.connect(LOOPBACK, **options) as connection, connection.start_sftp_client() as client:
            file = await client.open("/inbox/flights/broken.csv", "wb")
            await file.write(b"ID\n1\n")
            connection.abort()

    asyncio.run(break_off())

    @eventually
    def raised() -> None:
        assert alarm_state(project, "skyway-failed-uploads") == "ALARM"

    raised()
    path = f"/{BUCKET}/partners/skyway/flights/broken.csv"
    assert [event["activity-type"] for event in events(project) if event.get("path") == path][-1] == "PARTIAL_CLOSE"
    assert "partners/skyway/flights/broken.csv" not in objects(project)


def test_a_key_is_rotated_with_an_overlap_until_its_last_day(project: Project, gateway: Gateway) -> None:
    assert gateway.up(rotate(project)) == {"create SshKey": 1}
    assert gateway.gets_in("skyway", "skyway")
    assert gateway.gets_in("skyway", "skyway-next")

    def let_it_expire(config: Config) -> None:
        yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
        config["landing:partners"][0]["users"][0]["publicKeys"][0]["expires"] = str(yesterday)

    told = gateway.refused("preview", let_it_expire)
    assert "landing:partners[0].users[0].publicKeys[0]: the key SHA256:" in told
    assert "set landing:sftp.expiredKeys to leaveOut" in told

    def leave_it_out(config: Config) -> None:
        let_it_expire(config)
        config["landing:sftp"]["expiredKeys"] = "leaveOut"

    assert gateway.up(leave_it_out) == {"delete SshKey": 1}
    assert not gateway.gets_in("skyway", "skyway")
    assert gateway.gets_in("skyway", "skyway-next")


@pytest.mark.parametrize("verb", ["preview", "up"])
def test_a_renamed_partner_is_refused_with_the_way_to_do_it(gateway: Gateway, verb: str) -> None:
    before = gateway.resources()

    def rename(config: Config) -> None:
        config["landing:partners"][0]["name"] = "skyways"

    told = gateway.refused(verb, rename)
    assert "landing:partners[0].name: 'skyways' has the keys of 'skyway', which is gone" in told
    assert "Bring back 'skyway' and add 'skyways' beside it with new keys" in told
    assert gateway.resources() == before


def test_the_door_moves_into_a_vpc_and_out_again_and_clients_do_not_notice(project: Project, gateway: Gateway) -> None:
    public = gateway.outputs()["sftp"]
    into = move_into_the_vpc(project)
    did = gateway.up(into)
    assert (did["create Eip"], did["create SecurityGroupIngressRule"], did["update Server"]) == (2, 2, 1)
    gateway.stack().preview(expect_no_changes=True)
    (server,) = project.aws("transfer").list_servers()["Servers"]
    assert (server["EndpointType"], server["State"]) == ("VPC", "ONLINE")
    within = gateway.outputs()["sftp"]
    ec2 = project.aws("ec2")
    addresses = [address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]]
    assert sorted(within["addresses"]) == sorted(addresses)
    assert gateway.gets_in("skyway", "skyway-next")
    gateway.changes.remove(into)
    did = gateway.up()
    # Transfer keeps a server in its VPC: out of it, there is a new one.
    (new,) = project.aws("transfer").list_servers()["Servers"]
    assert new["ServerId"] != server["ServerId"]
    assert (did["replace Server"], did["replace User"], did["delete Eip"]) == (1, 2, 2)
    assert not any("Bucket" in what or "Key" in what.split() for what in did), "what holds data stays"
    assert ec2.describe_addresses()["Addresses"] == []
    after = gateway.outputs()["sftp"]
    assert {name for name in public if public[name] != after[name]} == {"endpoint"}
    assert gateway.gets_in("skyway-reader", "skyway-reader")
    assert not gateway.gets_in("skyway", "skyway")
    for algorithm in ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"):
        options = ("-o", f"HostKeyAlgorithms={algorithm}")
        seen = gateway.client.sftp("skyway", project.partner_key("skyway-next"), "ls /", *options)
        assert seen.returncode == 0, f"{algorithm}: {seen.stderr}"
