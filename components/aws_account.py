"""Where in AWS all of it is: the account is asked for once, before anything is made."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AwsAccount:
    """The account and region that the stack is in."""

    id: str
    region: str
    prefix: str
    """Begins the name of what has a name of its own in the account."""

    @classmethod
    def of_the_credentials(cls, *, region: str, prefix: str) -> AwsAccount:
        """Ask AWS whose credentials these are; no answer ends the program with one sentence and no traceback."""
        return cls(id=_account_id(), region=region, prefix=prefix)

    @property
    def transfer_log_group(self) -> str:
        """The name of the SFTP door's log group, known before it is there: its key's policy names it too."""
        return f"/aws/transfer/{self.prefix}"

    @property
    def transfer_log_group_arn(self) -> str:
        """The ARN of that log group."""
        return f"arn:aws:logs:{self.region}:{self.id}:log-group:{self.transfer_log_group}"


def _account_id() -> str:
    try:
        return aws.get_caller_identity().account_id
    except Exception as error:  # noqa: BLE001  # an invoke raises bare Exception, whatever went wrong
        cause = str(error).strip().splitlines()[0]
        raise pulumi.RunError(
            f"AWS does not say whose credentials these are ({cause}); check the credentials in the environment, and "
            "aws:region"
        ) from None
