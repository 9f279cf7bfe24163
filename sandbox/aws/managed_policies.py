"""The AWS managed policies that the sandbox has, out of the more than a thousand that moto could load.

moto loads all or none; all cost 20 MB of memory and as much time as everything else at start.
"""

from __future__ import annotations

import json

from moto.iam import aws_managed_policies, models

from sandbox.aws.replacing import replace

NAMES = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSTransferLoggingAccess",
        "AdministratorAccess",
        "ReadOnlyAccess",
    }
)


def install() -> None:
    """Let each account have the managed policies of `NAMES`, and free the text of all others."""
    parsed = json.loads(aws_managed_policies.aws_managed_policies_data)
    data = {name: parsed[name] for name in sorted(NAMES)}
    replace(models, "aws_managed_policies_data", "")
    replace(aws_managed_policies, "aws_managed_policies_data", "")

    def managed_policies(iam: models.IAMBackend) -> list[models.AWSManagedPolicy]:
        make = models.AWSManagedPolicy.from_data
        return [make(name, iam.account_id, iam.region_name, policy) for name, policy in data.items()]

    replace(models.IAMBackend, "_init_aws_policies", managed_policies)
