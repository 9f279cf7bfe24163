"""The trust loop on the real engine: closed in one `up` from nothing, and again after whatever people do by hand."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest
from pulumi import automation as auto

from domain import iam
from domain.storage_integration import Integration, parse_description
from tools.operator_steps import Operations
from tools.rehearsal import Project

pytestmark = pytest.mark.e2e

NAME = "trusting"
INTEGRATION = "TRUSTING_S3"
BUCKET = "landing-trusting-partners"
ROLE = f"landing-{NAME}-snowflake-stage"


def apart(config: dict[str, Any]) -> None:
    """Give the stack names of its own, and nothing but what the loop needs."""
    config["landing:bucket"]["name"] = BUCKET
    config["landing:sftp"] |= {"zone": f"{NAME}.example", "hostname": f"sftp.{NAME}.example"}
    config["landing:snowflake"] = {"database": "TRUSTING", "storageIntegration": INTEGRATION, "deleteTables": True}
    config["landing:snowflake"] |= {
        "warehouse": "TRUSTING_LOAD",
        "loaderRole": "TRUSTING_IN",
        "readerRole": "TRUSTING_OUT",
    }
    config["landing:partners"] = []
    config["landing:flows"]["deployments"] = []


@pytest.fixture(scope="module")
def stack(project: Project) -> Generator[auto.Stack]:
    made = project.stack(NAME, apart)
    yield made
    made.destroy()
    assert_nothing_is_left(project)


def assert_nothing_is_left(project: Project) -> None:
    assert project.sql(f"SHOW STORAGE INTEGRATIONS LIKE '{INTEGRATION}'") == []
    assert ROLE not in [role["RoleName"] for role in project.aws("iam").list_roles()["Roles"]]


def integration(project: Project) -> Integration:
    return parse_description(project.sql(f'DESCRIBE STORAGE INTEGRATION "{INTEGRATION}"'))


def trust(project: Project) -> object:
    return project.aws("iam").get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]


def assert_closed(project: Project) -> None:
    """Both sides agree, and Snowflake really lists."""
    found = integration(project)
    assert trust(project) == iam.storage_trust(found.iam_user_arn, found.external_id)
    for location in found.allowed_locations:
        check = f"SELECT SYSTEM$VALIDATE_STORAGE_INTEGRATION('{INTEGRATION}', '{location}', 'f', 'list') AS SAID"
        (row,) = project.sql(check)
        assert json.loads(str(row["said"]))["status"] == "success"


def assert_settled(project: Project, stack: auto.Stack) -> None:
    """The loop is closed, and neither a preview nor a refresh finds anything more to do."""
    assert_closed(project)
    assert set(stack.preview(expect_no_changes=True).change_summary) == {auto.OpType.SAME}


def up(stack: auto.Stack, *, refresh: bool = False) -> tuple[Operations, str]:
    """Bring the stack up; give what the engine did, and what it printed."""
    operations = Operations()
    result = stack.up(refresh=refresh, on_event=operations.hear)
    return operations, result.stdout + result.stderr


def replace_integration(project: Project) -> None:
    """Drop the integration and make it again, as somebody does by hand: it gets another external id."""
    held = integration(project)
    allowed = ", ".join(f"'{location}'" for location in held.allowed_locations)
    project.sql(f'DROP STORAGE INTEGRATION "{INTEGRATION}"')
    project.sql(
        f"CREATE STORAGE INTEGRATION \"{INTEGRATION}\" TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = true "
        f"STORAGE_AWS_ROLE_ARN = '{held.role_arn}' STORAGE_ALLOWED_LOCATIONS = ({allowed})"
    )
    assert integration(project).external_id != held.external_id


def delete_role(project: Project) -> None:
    client = project.aws("iam")
    for policy in client.list_role_policies(RoleName=ROLE)["PolicyNames"]:
        client.delete_role_policy(RoleName=ROLE, PolicyName=policy)
    client.delete_role(RoleName=ROLE)


def test_one_up_from_nothing_closes_the_loop(project: Project, stack: auto.Stack) -> None:
    done, _ = up(stack)
    assert done.done["create StorageTrust"] == 1
    assert {kind.split()[0] for kind in done.done} == {"create"}
    assert len(integration(project).allowed_locations) == 2
    assert_settled(project, stack)


def test_a_trust_opened_by_hand_is_closed_by_the_next_plain_up(project: Project, stack: auto.Stack) -> None:
    opened = iam.storage_trust("arn:aws:iam::111111111111:root", "x")
    project.aws("iam").update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(opened))
    seen = stack.preview()
    assert "does not trust" in seen.stdout + seen.stderr
    assert trust(project) == opened
    done, told = up(stack)
    assert dict(done.done) == {"update StorageTrust": 1}
    assert "does not trust" in told
    assert_settled(project, stack)


def test_an_integration_replaced_by_hand_is_trusted_after_the_next_plain_up(
    project: Project, stack: auto.Stack
) -> None:
    replace_integration(project)
    done, _ = up(stack)
    assert done.done["update StorageTrust"] == 1
    assert not any(kind.startswith(("create", "delete", "replace")) and "Trust" in kind for kind in done.done)
    assert_closed(project)
    done, _ = up(stack, refresh=True)
    assert "replace StorageIntegrationAws" not in done.done
    assert_settled(project, stack)


def test_a_role_deleted_by_hand_ends_a_plain_up_and_is_made_anew_by_a_refresh(
    project: Project, stack: auto.Stack
) -> None:
    delete_role(project)
    ended = project.pulumi("up", "--yes", "--skip-preview", "--stack", NAME)
    assert ended.returncode != 0
    assert "NoSuchEntity" in ended.stdout + ended.stderr
    assert "run `pulumi up --refresh`" in ended.stdout + ended.stderr
    done, _ = up(stack, refresh=True)
    assert {name: done.done[name] for name in ("create Role", "create RolePolicy", "update StorageTrust")} == {
        "create Role": 1,
        "create RolePolicy": 1,
        "update StorageTrust": 1,
    }
    assert_settled(project, stack)


def test_both_gone_at_once_come_back_together(project: Project, stack: auto.Stack) -> None:
    project.sql(f'DROP STORAGE INTEGRATION "{INTEGRATION}"')
    delete_role(project)
    done, _ = up(stack, refresh=True)
    made = ("create StorageIntegrationAws", "create Role", "create RolePolicy", "update StorageTrust")
    assert [done.done[name] for name in made] == [1, 1, 1, 1]
    assert_settled(project, stack)


def test_after_a_destroy_the_loop_is_closed_from_nothing_again(project: Project, stack: auto.Stack) -> None:
    stack.destroy()
    assert_nothing_is_left(project)
    done, _ = up(stack)
    assert done.done["create StorageTrust"] == 1
    assert_settled(project, stack)


def test_the_trust_holds_the_external_id_as_a_secret_alone(project: Project, stack: auto.Stack) -> None:
    held = integration(project).external_id
    state = json.loads(project.pulumi("stack", "export", "--stack", stack.name).stdout)
    (kept,) = [resource for resource in state["deployment"]["resources"] if ":StorageTrust::" in resource["urn"]]
    assert kept["outputs"]["locations"] == [f"s3://{BUCKET}/partners/", f"s3://{BUCKET}/canary/"]
    assert {"external_id", "integration_external_id"} <= kept["outputs"].keys()
    assert held not in json.dumps(kept)
