"""A users' role that another team made: whether it lets users do what the door is for, asked before they find out."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pulumi_aws as aws
from pulumi import ComponentResource, Output
from pulumi.output import contains_unknowns

from components.aws_account import AwsAccount
from domain.partners import PARTNERS_PREFIX

_SETTING = "landing:sftp.usersRole"
_ON_OBJECTS = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
_ON_KEY = ("kms:Decrypt", "kms:GenerateDataKey")


def warn_of_missing_rights(
    role_arn: str, *, account: AwsAccount, bucket_name: str, key_arn: Output[str], parent: ComponentResource
) -> None:
    """Let IAM itself decide what the role may do with a partner's objects and the key, and warn of what it may not.

    A role without the rights of the key is the fault that takes longest to find: clients see `Permission denied` on a
    listing and at the end of a put, and the bucket's policies look right.
    """
    objects = f"arn:aws:s3:::{bucket_name}/{PARTNERS_PREFIX}any"

    def simulate(key: object) -> None:
        if contains_unknowns(key):
            pulumi.warn(
                f"{_SETTING}: {role_arn} must be let use the key that this run makes ({', '.join(_ON_KEY)}, through "
                "S3); without it partners get 'Permission denied'. The next preview asks IAM",
                parent,
            )
            return
        try:
            missing = [*_denied(role_arn, _ON_OBJECTS, objects), *_denied(role_arn, _ON_KEY, str(key), account)]
        except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
            cause = str(error).strip().splitlines()[0]
            pulumi.warn(f"{_SETTING}: IAM does not say what {role_arn} may do ({cause})", parent)
            return
        if missing:
            pulumi.warn(
                f"{_SETTING}: {role_arn} is not allowed {', '.join(missing)}: partners will get 'Permission denied'. "
                f"Allow it on {objects.removesuffix('any')}* and, through S3, on {key}",
                parent,
            )

    # Run with unknowns as well: before the key is there the warning can only be a general one.
    key_arn.apply(cast("Any", simulate), run_with_unknowns=True)


def _denied(role_arn: str, actions: tuple[str, ...], resource: str, account: AwsAccount | None = None) -> list[str]:
    contexts: list[aws.iam.GetPrincipalPolicySimulationContextArgsDict] = []
    if account:
        contexts = [
            {"key": "kms:ViaService", "type": "string", "values": [f"s3.{account.region}.amazonaws.com"]},
            {"key": "kms:CallerAccount", "type": "string", "values": [account.id]},
        ]
    answer = aws.iam.get_principal_policy_simulation(
        policy_source_arn=role_arn, action_names=list(actions), resource_arns=[resource], contexts=contexts
    )
    return [result.action_name for result in answer.results if not result.allowed]
