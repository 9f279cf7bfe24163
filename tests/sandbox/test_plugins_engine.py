"""A small program on the real engine, with the stand-ins attached: what a person at the command line meets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from sandbox.environment import deployer_environment
from sandbox.home import SandboxHome
from tests.sandbox.plugin_parts import parts
from tests.sessions import kill_session

TOOLS = Path(__file__).parents[2] / ".tools" / "bin"
SEARCH = os.pathsep.join([str(TOOLS), os.environ.get("PATH", "")])
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.sandbox,
    pytest.mark.skipif(shutil.which("pulumi", path=SEARCH) is None, reason="no engine here: run `make setup`"),
]

PROGRAM = """
import json
import pulumi
import pulumi_aws as aws
import pulumi_snowflake as snowflake

account = aws.get_caller_identity().account_id
purpose = pulumi.Output.secret("only-for-us")
key = aws.kms.Key("landing", description=purpose, enable_key_rotation=True, deletion_window_in_days=7)
bucket = aws.s3.Bucket("landing", bucket="engine-landing", force_destroy=True)
aws.s3.BucketServerSideEncryptionConfiguration(
    "landing",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}}],
)
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}}],
}
role = aws.iam.Role("stage", assume_role_policy=json.dumps(trust))
integration = snowflake.StorageIntegrationAws(
    "s3",
    name="LANDING_S3",
    enabled=True,
    storage_provider="S3",
    storage_aws_role_arn=role.arn,
    storage_allowed_locations=[bucket.bucket.apply(lambda name: f"s3://{name}/partners/")],
)
database = snowflake.Database("landing", name="LANDING")
schema = snowflake.Schema("raw", name="RAW", database=database.name)
snowflake.Table("t", name="T", database=database.name, schema=schema.name, columns=[{"name": "A", "type": "INT"}])
pulumi.export("iamUser", integration.describe_outputs[0].iam_user_arn)
pulumi.export("role", role.name)
"""


@dataclass(frozen=True)
class Stack:
    """A program's folder and the engine's command on it."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str) -> str:
        """Run a command; the test fails with its output when it fails."""
        done = subprocess.run(  # noqa: S603 - the engine that set-up built
            self._command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command and let it run."""
        return subprocess.Popen(  # noqa: S603 - as above
            self._command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _command(self, *arguments: str) -> list[str]:
        pulumi = shutil.which("pulumi", path=SEARCH)
        assert pulumi is not None
        return [pulumi, *arguments, "--non-interactive", "--color", "never"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[SandboxHome]:
    with parts(tmp_path_factory.mktemp("engine"), "aws", "snowflake", "plugins") as home:
        yield home


@pytest.fixture
def stack(home: SandboxHome, tmp_path: Path) -> Generator[Stack]:
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "small", "runtime": runtime}))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    stack = Stack(
        tmp_path,
        {
            "HOME": str(tmp_path),
            "PATH": SEARCH,
            "PULUMI_HOME": str(tmp_path / "pulumi"),
            "PULUMI_BACKEND_URL": (tmp_path / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "none",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            **deployer_environment(home),
        },
    )
    config = {
        "aws:region": "us-east-1",
        "aws:defaultTags": {"tags": {"project": "landing"}},
        "snowflake:port": home.ports.snowflake,
        "snowflake:previewFeaturesEnabled": ["snowflake_table_resource"],
    }
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    stack.pulumi("stack", "init", "dev")
    yield stack
    stack.pulumi("destroy", "--yes", "--skip-preview")


def cloud(home: SandboxHome, service: str) -> Any:  # noqa: ANN401 - boto3 gives clients without types
    key = home.credentials.deployer
    return cast("Any", boto3).client(
        service,
        endpoint_url=home.url("aws"),
        region_name="us-east-1",
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )


def live_keys(home: SandboxHome) -> list[str]:
    kms = cloud(home, "kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return [key["KeyId"] for key in keys if key["Description"] == "only-for-us" and key["KeyState"] == "Enabled"]


def outputs(stack: Stack) -> dict[str, Any]:
    return json.loads(stack.pulumi("stack", "output", "--json"))


def test_a_stack_s_whole_life(home: SandboxHome, stack: Stack) -> None:
    stack.pulumi("preview")
    assert not live_keys(home)
    assert not cloud(home, "s3").list_buckets()["Buckets"]

    stack.pulumi("up", "--yes", "--skip-preview")
    made = outputs(stack)
    assert made["iamUser"] == "arn:aws:iam::999999999999:user/snowflake"
    stack.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.pulumi("preview", "--expect-no-changes")
    assert "only-for-us" not in stack.pulumi("stack", "export")

    cloud(home, "iam").tag_role(RoleName=made["role"], Tags=[{"Key": "by", "Value": "hand"}])
    cloud(home, "kms").disable_key_rotation(KeyId=live_keys(home)[0])
    stack.pulumi("refresh", "--yes", "--skip-preview")
    drifted = stack.pulumi("preview", "--diff")
    assert "enableKeyRotation" in drifted
    assert "tags" in drifted
    stack.pulumi("up", "--yes", "--skip-preview")
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert not live_keys(home)
    assert not cloud(home, "s3").list_buckets()["Buckets"]


@retry(retry=retry_if_result(lambda keys: not keys), wait=wait_fixed(0.02), stop=stop_after_delay(60))
def _first_key(home: SandboxHome) -> list[str]:
    return live_keys(home)


def test_a_run_that_is_killed_leaves_nothing_twice(home: SandboxHome, stack: Stack) -> None:
    run = stack.start("up", "--yes", "--skip-preview")
    _first_key(home)
    kill_session(run.pid)
    run.wait(10)
    stack.pulumi("cancel", "--yes")
    stack.pulumi("up", "--yes", "--skip-preview")
    assert len(live_keys(home)) == 1
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    stack.pulumi("destroy", "--yes", "--skip-preview")
    assert not live_keys(home)


def test_an_object_is_imported_by_its_id(home: SandboxHome, stack: Stack) -> None:
    cloud(home, "s3").create_bucket(Bucket="engine-found")
    stack.pulumi(
        "import", "aws:s3/bucket:Bucket", "found", "engine-found", "--yes", "--generate-code=false", "--protect=false"
    )
    (bucket,) = [
        resource
        for resource in json.loads(stack.pulumi("stack", "export"))["deployment"]["resources"]
        if resource["type"] == "aws:s3/bucket:Bucket"
    ]
    assert bucket["inputs"]["bucket"] == "engine-found"
    assert bucket["outputs"]["arn"] == "arn:aws:s3:::engine-found"
    cloud(home, "s3").delete_bucket(Bucket="engine-found")


def test_a_wrong_property_stops_the_preview(stack: Stack) -> None:
    program = 'import pulumi\npulumi.CustomResource("aws:kms/key:Key", "k", {"enableKeyRotaton": True})\n'
    (stack.folder / "__main__.py").write_text(program)
    with pytest.raises(AssertionError, match="did you mean 'enableKeyRotation'"):
        stack.pulumi("preview")
