from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from sandbox.home import ACCOUNT_ID, SNOWFLAKE_ACCOUNT_ID, KeyPair

if TYPE_CHECKING:
    from conftest import RunningAws

pytestmark = pytest.mark.sandbox

BUCKET = "landing-gate"
OWN = "partners/skyway/flights/a b+ü.csv"
OTHERS = "partners/rail/trips/a.csv"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
ROOT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}
PART = b"x" * (5 * 1024 * 1024)


@pytest.fixture(scope="module")
def key_arn(aws: RunningAws) -> str:
    return str(aws.deployer("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture(scope="module")
def session_policy(key_arn: str) -> str:
    """The session policy of the partner `skyway`."""
    statements = [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringLike": {"s3:prefix": ["partners/skyway", "partners/skyway/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            "Resource": f"arn:aws:s3:::{BUCKET}/partners/skyway/*",
        },
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key_arn},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def landing(aws: RunningAws, key_arn: str, session_policy: str) -> Any:  # noqa: ANN401
    """An S3 client of the partner `skyway`, beside a bucket with two partners' files."""
    aws.make_bucket(BUCKET, key_arn=key_arn, versioned=True)
    for key in (OWN, OTHERS):
        aws.deployer("s3").put_object(Bucket=BUCKET, Key=key, Body=b"content")
    wide = {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}
    aws.make_role("partners", ROOT, wide)
    aws.make_role("no-kms", ROOT, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    aws.make_role("for-transfer", {"Principal": {"Service": "transfer.amazonaws.com"}}, wide)
    aws.make_role(
        "for-snowflake",
        {
            "Principal": {"AWS": f"arn:aws:iam::{SNOWFLAKE_ACCOUNT_ID}:user/snowflake"},
            "Condition": {"StringEquals": {"sts:ExternalId": "right"}},
        },
        wide,
    )
    return aws.assumed("s3", "partners", Policy=session_policy)


def refusal(call: Callable[..., object], **arguments: object) -> tuple[str, str]:
    """Give the code and the message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error: dict[str, str] = vars(caught.value)["response"]["Error"]
    return error["Code"], error["Message"]


def test_a_partner_reaches_its_own_prefix(landing: Any) -> None:  # noqa: ANN401
    listed = landing.list_objects_v2(Bucket=BUCKET, Prefix="partners/skyway/")
    assert [one["Key"] for one in listed["Contents"]] == [OWN]
    assert landing.get_object(Bucket=BUCKET, Key=OWN)["Body"].read() == b"content"
    assert landing.head_object(Bucket=BUCKET, Key=OWN)["ContentLength"] == len(b"content")
    landing.put_object(Bucket=BUCKET, Key="partners/skyway/new", Body=b"new")
    copied = landing.copy_object(Bucket=BUCKET, Key="partners/skyway/copy", CopySource=f"{BUCKET}/partners/skyway/new")
    assert copied["CopyObjectResult"]["ETag"]
    landing.delete_object(Bucket=BUCKET, Key="partners/skyway/new")


def test_a_partner_uploads_in_parts(landing: Any) -> None:  # noqa: ANN401
    key = "partners/skyway/big"
    upload = landing.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": landing.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in ((1, PART), (2, b"end"))
    ]
    landing.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    stored = landing.get_object(Bucket=BUCKET, Key=key)
    assert stored["Body"].read() == PART + b"end"
    assert stored["ServerSideEncryption"] == "aws:kms"
    other = landing.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    landing.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=other)


@pytest.mark.parametrize(
    ("operation", "action", "arguments"),
    [
        ("get_object", "s3:GetObject", {"Key": OTHERS}),
        ("head_object", "", {"Key": OTHERS}),
        ("put_object", "s3:PutObject", {"Key": OTHERS, "Body": b"x"}),
        ("put_object", "s3:PutObject", {"Key": "partners/skyway2/x", "Body": b"x"}),
        ("delete_object", "s3:DeleteObject", {"Key": OTHERS}),
        ("create_multipart_upload", "s3:PutObject", {"Key": OTHERS}),
        ("copy_object", "s3:GetObject", {"Key": "partners/skyway/x", "CopySource": f"{BUCKET}/{OTHERS}"}),
        ("copy_object", "s3:PutObject", {"Key": OTHERS, "CopySource": {"Bucket": BUCKET, "Key": OWN}}),
        ("list_objects_v2", "s3:ListBucket", {"Prefix": "partners/rail/"}),
        ("list_objects_v2", "s3:ListBucket", {}),
        ("list_objects", "s3:ListBucket", {"Prefix": "partners/"}),
        ("list_object_versions", "s3:ListBucketVersions", {"Prefix": "partners/skyway/"}),
        ("get_object_tagging", "s3:GetObjectTagging", {"Key": OWN}),
        ("get_bucket_policy", "s3:GetBucketPolicy", {}),
        ("delete_bucket", "s3:DeleteBucket", {}),
        ("put_object", "s3:PutObjectTagging", {"Key": "partners/skyway/x", "Tagging": "a=b"}),
        ("get_object", "s3:GetObjectVersion", {"Key": OWN, "VersionId": "x"}),
    ],
)
def test_a_partner_reaches_nothing_else(
    landing: Any,  # noqa: ANN401
    operation: str,
    action: str,
    arguments: dict[str, object],
) -> None:
    code, message = refusal(getattr(landing, operation), Bucket=BUCKET, **arguments)
    if operation == "head_object":
        assert code == "403"
    else:
        assert code == "AccessDenied"
        assert message.startswith(f"User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/partners/test is not authorized")
        assert f"perform: {action} on resource" in message
        assert message.endswith(f"because no session policy allows the {action} action")


def test_a_delete_of_many_deletes_what_it_may(aws: RunningAws, landing: Any) -> None:  # noqa: ANN401
    landing.put_object(Bucket=BUCKET, Key="partners/skyway/<gone>", Body=b"")
    objects = [{"Key": "partners/skyway/<gone>"}, {"Key": OTHERS}]
    answer = landing.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    assert [one["Key"] for one in answer["Deleted"]] == ["partners/skyway/<gone>"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [(OTHERS, "AccessDenied")]
    assert aws.deployer("s3").head_object(Bucket=BUCKET, Key=OTHERS)["ContentLength"]
    none = landing.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": OTHERS}]})
    assert "Deleted" not in none


def test_who_may_not_list_does_not_learn_what_is_missing(aws: RunningAws, landing: Any) -> None:  # noqa: ANN401
    assert refusal(landing.get_object, Bucket=BUCKET, Key="partners/skyway/missing")[0] == "AccessDenied"
    assert refusal(aws.deployer("s3").get_object, Bucket=BUCKET, Key="missing")[0] == "NoSuchKey"


@pytest.mark.usefixtures("landing")
def test_a_role_without_kms_rights_neither_writes_nor_reads(aws: RunningAws, key_arn: str) -> None:
    s3 = aws.assumed("s3", "no-kms")
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="partners/")["KeyCount"]
    for operation, action, arguments in (
        ("put_object", "kms:GenerateDataKey", {"Body": b"x"}),
        ("create_multipart_upload", "kms:GenerateDataKey", {}),
        ("get_object", "kms:Decrypt", {}),
    ):
        code, message = refusal(getattr(s3, operation), Bucket=BUCKET, Key=OWN, **arguments)
        assert code == "AccessDenied"
        assert f"{action} on resource: {key_arn} because no identity-based policy allows" in message
    assert s3.head_object(Bucket=BUCKET, Key=OWN)["ContentLength"]


@pytest.mark.usefixtures("landing")
def test_a_key_policy_closes_the_key(aws: RunningAws) -> None:
    kms = aws.deployer("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    nobody = {"Effect": "Allow", "Principal": {"AWS": SNOWFLAKE_ACCOUNT_ID}, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Statement": [nobody]}))
    s3 = aws.assumed("s3", "partners")
    code, message = refusal(
        s3.put_object, Bucket=BUCKET, Key="x", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    assert code == "AccessDenied"
    assert "because no resource-based policy allows the kms:GenerateDataKey action" in message


@pytest.mark.usefixtures("landing")
@pytest.mark.parametrize(
    ("role", "arguments"),
    [
        ("for-snowflake", {}),
        ("for-snowflake", {"ExternalId": "wrong"}),
        ("for-transfer", {}),
        ("partners", {}),
        ("missing", {}),
    ],
)
def test_snowflake_assumes_no_role_that_does_not_trust_it(
    aws: RunningAws, role: str, arguments: dict[str, str]
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    code, message = refusal(aws.snowflake("sts").assume_role, RoleArn=arn, RoleSessionName="snowflake", **arguments)
    assert code == "AccessDenied"
    user = f"arn:aws:iam::{SNOWFLAKE_ACCOUNT_ID}:user/snowflake"
    assert message == f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@pytest.mark.usefixtures("landing")
def test_snowflake_assumes_the_role_that_trusts_it(aws: RunningAws) -> None:
    answer = aws.snowflake("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/for-snowflake", RoleSessionName="snowflake", ExternalId="right"
    )["Credentials"]
    pair = KeyPair(access_key_id=answer["AccessKeyId"], secret_access_key=answer["SecretAccessKey"])
    s3 = aws.client("s3", pair, answer["SessionToken"])
    assert s3.get_object(Bucket=BUCKET, Key=OWN)["Body"].read() == b"content"
    identity = aws.client("sts", pair, answer["SessionToken"]).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/for-snowflake/snowflake"


@pytest.mark.usefixtures("landing")
def test_the_administrator_cannot_be_a_service(aws: RunningAws) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/for-transfer"
    assert refusal(aws.deployer("sts").assume_role, RoleArn=arn, RoleSessionName="test")[0] == "AccessDenied"


@pytest.mark.usefixtures("landing")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"Policy": "{"}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps({"Statement": [], "Id": "x" * 2048})}, "ValidationError"),
    ],
)
def test_a_session_has_limits(aws: RunningAws, arguments: dict[str, object], code: str) -> None:
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/partners"
    assert refusal(aws.deployer("sts").assume_role, RoleArn=arn, RoleSessionName="test", **arguments)[0] == code


def test_the_worker_reads_partners_files_and_nothing_else(aws: RunningAws, landing: Any) -> None:  # noqa: ANN401
    assert landing
    worker = aws.worker("s3")
    assert worker.list_objects_v2(Bucket=BUCKET, Prefix="partners/")["KeyCount"]
    assert worker.get_object(Bucket=BUCKET, Key=OTHERS)["Body"].read() == b"content"
    assert refusal(worker.put_object, Bucket=BUCKET, Key=OTHERS, Body=b"")[0] == "AccessDenied"
    assert refusal(worker.list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"
    for service, operation in (("iam", "list_users"), ("sqs", "list_queues"), ("kms", "list_keys")):
        code, message = refusal(getattr(aws.worker(service), operation))
        assert code in {"AccessDenied", "AccessDeniedException"}
        assert "because no identity-based policy allows" in message


def test_a_policy_that_demands_tls_does_not_lock_the_sandbox_out(aws: RunningAws) -> None:
    bucket = "landing-tls"
    aws.make_bucket(bucket)
    s3 = aws.deployer("s3")
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {
        "Sid": "Tls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    s3.put_object(Bucket=bucket, Key="partners/x", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="partners/x")["Body"].read() == b"x"
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(policy)


def test_a_bucket_policy_denies_whom_it_names(aws: RunningAws) -> None:
    bucket = "landing-closed"
    aws.make_bucket(bucket)
    s3 = aws.deployer("s3")
    s3.put_object(Bucket=bucket, Key="partners/x", Body=b"x")
    statement = {
        "Effect": "Deny",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:user/prefect-worker"},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    code, message = refusal(aws.worker("s3").get_object, Bucket=bucket, Key="partners/x")
    assert code == "AccessDenied"
    assert message.endswith("with an explicit deny in a resource-based policy")
    assert s3.get_object(Bucket=bucket, Key="partners/x")["Body"].read() == b"x"


def test_a_policy_that_cannot_be_evaluated_lets_nobody_through(aws: RunningAws) -> None:
    bucket = "landing-odd"
    aws.make_bucket(bucket)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringRhymes": {"aws:username": "orange"}},
    }
    aws.deployer("s3").put_bucket_policy(
        Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    code, message = refusal(aws.deployer("s3").put_object, Bucket=bucket, Key="x", Body=b"")
    assert code == "NotImplemented"
    assert "StringRhymes" in message
    aws.deployer("s3").delete_bucket_policy(Bucket=bucket)


def test_forged_keys_are_refused(aws: RunningAws, landing: Any) -> None:  # noqa: ANN401
    unknown = KeyPair.generate()
    assert refusal(aws.client("s3", unknown).list_buckets)[0] == "InvalidAccessKeyId"
    assert refusal(aws.client("sts", unknown).get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(aws.client("kms", unknown).list_keys)[0] == "UnrecognizedClientException"
    wrong = replace(aws.home.credentials.worker, secret_access_key="x")
    probe = RunningAwsClient(aws, wrong)
    assert refusal(probe.client("s3").list_objects_v2, Bucket=BUCKET, Prefix="partners/")[0] == "SignatureDoesNotMatch"
    assert refusal(probe.client("sts").get_caller_identity)[0] == "SignatureDoesNotMatch"
    session = landing._request_signer._credentials  # noqa: SLF001  # botocore shows a client's credentials nowhere else
    pair = KeyPair(access_key_id=session.access_key, secret_access_key=session.secret_key)
    assert refusal(aws.client("s3", pair, "forged").list_buckets)[0] == "InvalidToken"
    assert refusal(aws.client("s3", pair).list_buckets)[0] == "InvalidToken"


class RunningAwsClient:
    """Clients with a key whose id is known and whose secret is not."""

    def __init__(self, aws: RunningAws, key: KeyPair) -> None:
        self._aws = replace(aws, clients={})
        self._key = key

    def client(self, service: str) -> Any:  # noqa: ANN401
        return self._aws.client(service, self._key)


def test_nobody_is_nobody(aws: RunningAws) -> None:
    url = aws.home.url("aws")
    assert httpx.get(f"{url}/{BUCKET}?list-type=2").status_code == httpx.codes.FORBIDDEN
    assert httpx.post(f"{url}/moto-api/reset").status_code == httpx.codes.FORBIDDEN
    assert httpx.get(f"{url}/_sandbox/health").json() == {"status": "ok"}


def test_presigned_addresses_work_for_what_their_signer_may(aws: RunningAws, landing: Any) -> None:  # noqa: ANN401
    for key, status in ((OWN, httpx.codes.OK), (OTHERS, httpx.codes.FORBIDDEN)):
        address = landing.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
        assert httpx.get(address).status_code == status
    forged = landing.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": OWN}).replace(
        "skyway", "rail"
    )
    assert httpx.get(forged).status_code == httpx.codes.FORBIDDEN
    assert aws


@pytest.mark.parametrize(
    "key", ["a/../b", "a//b", "/a", "a/./b", "a%2Fb", "a%252Fb", "ä/ü", "a?b", "a#b", "a;b", "a b/"]
)
def test_the_gate_and_moto_see_the_same_key(aws: RunningAws, landing: Any, key: str) -> None:  # noqa: ANN401
    name = f"partners/skyway/{key}"
    landing.put_object(Bucket=BUCKET, Key=name, Body=key.encode())
    assert landing.get_object(Bucket=BUCKET, Key=name)["Body"].read() == key.encode()
    pages = aws.deployer("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    assert name in [one["Key"] for page in pages for one in page["Contents"]]


def test_managed_policies_that_the_program_may_attach_are_there(aws: RunningAws) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSTransferLoggingAccess"
    aws.make_role("logging", ROOT)
    aws.deployer("iam").attach_role_policy(RoleName="logging", PolicyArn=arn)
    logs = aws.assumed("logs", "logging")
    logs.create_log_group(logGroupName="/transfer/x")
    assert refusal(logs.delete_log_group, logGroupName="/transfer/x")[0] == "AccessDeniedException"
