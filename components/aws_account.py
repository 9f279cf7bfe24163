"""Which AWS account the credentials belong to: asked once, before anything is made."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def account_id() -> str:
    """Give the account's id; without an answer the program ends with one sentence and no traceback."""
    try:
        return aws.get_caller_identity().account_id
    except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
        cause = str(error).strip().splitlines()[0]
        raise pulumi.RunError(
            f"AWS does not say whose credentials these are ({cause}); check the credentials in the environment, and "
            "aws:region"
        ) from None
