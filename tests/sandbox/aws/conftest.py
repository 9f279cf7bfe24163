from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import boto3
import httpx
import pytest
from botocore.config import Config
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from sandbox.home import ACCOUNT_ID, REGION, KeyPair, SandboxHome
from tests.ports import own_base_port
from tests.sandbox.running_part import start_part


@dataclass(kw_only=True)
class RunningAws:
    """The part `aws` of a sandbox of its own."""

    home: SandboxHome
    process: subprocess.Popen[bytes] | None = None
    clients: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def start(self, **environment: str) -> None:
        self.process = start_part(self.home, "aws", **environment)
        self.wait_until_ready()

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_delay(60),
        wait=wait_fixed(0.05),
        reraise=True,
    )
    def wait_until_ready(self) -> None:
        httpx.get(f"{self.home.url('aws')}/_sandbox/health", timeout=5).raise_for_status()

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            with self.process as process:
                process.send_signal(number)
                process.wait(timeout=20)
            self.process = None
        assert "Traceback" not in self.log

    @property
    def log(self) -> str:
        return self.home.log("aws").read_text()

    def client(self, service: str, key: KeyPair, token: str | None = None) -> Any:  # noqa: ANN401
        name = (service, key.access_key_id + (token or ""))
        if name not in self.clients:
            config = Config(
                retries={"max_attempts": 1}, read_timeout=20, signature_version="s3v4" if service == "s3" else "v4"
            )
            make = cast("Callable[..., Any]", vars(boto3)["client"])  # boto3 is not typed
            self.clients[name] = make(
                service,
                endpoint_url=self.home.url("aws"),
                region_name=REGION,
                aws_access_key_id=key.access_key_id,
                aws_secret_access_key=key.secret_access_key,
                aws_session_token=token,
                config=config,
            )
        return self.clients[name]

    def deployer(self, service: str) -> Any:  # noqa: ANN401
        return self.client(service, self.home.credentials.deployer)

    def worker(self, service: str) -> Any:  # noqa: ANN401
        return self.client(service, self.home.credentials.worker)

    def snowflake(self, service: str) -> Any:  # noqa: ANN401
        return self.client(service, self.home.credentials.snowflake)

    def assumed(self, service: str, role: str, **more: str) -> Any:  # noqa: ANN401
        """Give a client with a session of `role`, assumed by the deployer."""
        arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
        answer = self.deployer("sts").assume_role(RoleArn=arn, RoleSessionName="test", **more)["Credentials"]
        pair = KeyPair(access_key_id=answer["AccessKeyId"], secret_access_key=answer["SecretAccessKey"])
        return self.client(service, pair, answer["SessionToken"])

    def make_role(self, name: str, trust: dict[str, Any], *statements: dict[str, Any]) -> str:
        """Make a role with an inline policy; give its ARN."""
        iam = self.deployer("iam")
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trust}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
        if statements:
            policy = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        return str(arn)

    def make_bucket(self, name: str, *, key_arn: str | None = None, versioned: bool = False) -> None:
        s3 = self.deployer("s3")
        s3.create_bucket(Bucket=name)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        if key_arn is not None:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
            rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}
            s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


@pytest.fixture
def new_aws(tmp_path: Path) -> Generator[RunningAws]:
    """A sandbox's AWS that the test may end and start again."""
    aws = RunningAws(home=SandboxHome.open(tmp_path / "state", own_base_port()))
    aws.start()
    yield aws
    aws.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningAws]:
    """A sandbox's AWS for all tests of a file."""
    running = RunningAws(home=SandboxHome.open(tmp_path_factory.mktemp("aws") / "state", own_base_port()))
    running.start()
    yield running
    running.end(signal.SIGKILL)
