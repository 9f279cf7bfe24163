"""A users' role that another team made: whether it lets users do what the door is for, asked before they find out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws
from pulumi import Output
from pulumi.output import contains_unknowns

from components.aws_account import AwsAccount
from domain.partners import PARTNERS_PREFIX

_SETTING = "landing:sftp.usersRole"
_ON_OBJECTS = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
_ON_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


def warn_of_missing_rights(role_arn: str, *, account: AwsAccount, bucket_name: str, key_arn: Output[str]) -> None:
    """Let IAM itself decide what the role may do with a partner's objects and the key, and warn of what it may not.

    A role without the rights of the key is the fault that takes longest to find: clients see `Permission denied` on a
    listing and at the end of a put, and the bucket's policies look right.
    """
    bucket = f"arn:aws:s3:::{bucket_name}"

    def simulate(key: object) -> None:
        if contains_unknowns(key):
            # Told without a resource: then the engine has heard it before the program goes on.
            pulumi.warn(
                f"{_SETTING}: {role_arn} must be let use the key that this run makes ({', '.join(_ON_KEY)}, through "
                "S3); without it partners get 'Permission denied'. The next preview asks IAM"
            )
            return
        through_s3 = {"kms:ViaService": f"s3.{account.region}.amazonaws.com", "kms:CallerAccount": account.id}
        try:
            missing = [
                *_denied(role_arn, ("s3:ListBucket",), bucket, {"s3:prefix": f"{PARTNERS_PREFIX}any/"}),
                *_denied(role_arn, _ON_OBJECTS, f"{bucket}/{PARTNERS_PREFIX}any/file", {}),
                *_denied(role_arn, _ON_KEY, str(key), through_s3),
            ]
        except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
            cause = str(error).strip().splitlines()[0]
            pulumi.warn(f"{_SETTING}: IAM does not say what {role_arn} may do ({cause})")
            return
        if missing:
            pulumi.warn(
                f"{_SETTING}: {role_arn} is not allowed {', '.join(missing)}: partners will get 'Permission denied'. "
                f"Allow it on {bucket}, on {bucket}/{PARTNERS_PREFIX}* and, through S3, on {key}"
            )

    # Run with unknowns as well: before the key is there the warning can only be a general one.
    key_arn.apply(cast("Any", simulate), run_with_unknowns=True)


def _denied(role_arn: str, actions: tuple[str, ...], resource: str, context: Mapping[str, str]) -> list[str]:
    answer = aws.iam.get_principal_policy_simulation(
        policy_source_arn=role_arn,
        action_names=list(actions),
        resource_arns=[resource],
        contexts=[{"key": key, "type": "string", "values": [value]} for key, value in context.items()],
    )
    return [result.action_name for result in answer.results if not result.allowed]
