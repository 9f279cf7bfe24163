"""AWS IAM: roles and their inline policies."""

from __future__ import annotations

import json

from sandbox.plugins.aws.cloud import Aws, given, pairs, retag, unpaired
from sandbox.plugins.compare import same
from sandbox.plugins.table import FORCE_NEW, KEPT, PLAIN, TAGS, Property, Row
from sandbox.plugins.wire import Properties

_ONE_HOUR = 3600


def _create_role(aws: Aws, inputs: Properties) -> str:
    aws.client("iam").create_role(
        **given(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description"),
            MaxSessionDuration=inputs.get("maxSessionDuration"),
            Path=inputs.get("path"),
            PermissionsBoundary=inputs.get("permissionsBoundary"),
            Tags=pairs(inputs["tagsAll"]) or None,
        )
    )
    return inputs["name"]


def _read_role(aws: Aws, name: str) -> Properties | None:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    return {
        "arn": role["Arn"],
        "name": name,
        "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
        "description": role.get("Description"),
        "maxSessionDuration": role.get("MaxSessionDuration", _ONE_HOUR),
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].isoformat(),
        **aws.tagged(unpaired(iam.list_role_tags(RoleName=name)["Tags"])),
    }


def _update_role(aws: Aws, name: str, state: Properties, inputs: Properties) -> None:
    iam = aws.client("iam")
    if not same(state.get("assumeRolePolicy"), inputs["assumeRolePolicy"]):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=inputs["assumeRolePolicy"])
    iam.update_role(
        RoleName=name,
        Description=inputs.get("description", ""),
        MaxSessionDuration=inputs.get("maxSessionDuration", _ONE_HOUR),
    )
    if boundary := inputs.get("permissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    elif state.get("permissionsBoundary"):
        iam.delete_role_permissions_boundary(RoleName=name)
    retag(
        state,
        inputs,
        lambda tags: iam.tag_role(RoleName=name, Tags=pairs(tags)),
        lambda names: iam.untag_role(RoleName=name, TagKeys=names),
    )


def _delete_role(aws: Aws, name: str, state: Properties) -> None:
    iam = aws.client("iam")
    if state.get("forceDetachPolicies"):
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def _put_policy(aws: Aws, inputs: Properties) -> str:
    aws.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return f"{inputs['role']}:{inputs['name']}"


def _read_policy(aws: Aws, identifier: str) -> Properties | None:
    role, _, name = identifier.partition(":")
    answer = aws.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(answer["PolicyDocument"])}


def _update_policy(aws: Aws, _id: str, _state: Properties, inputs: Properties) -> None:
    _put_policy(aws, inputs)


def _delete_policy(aws: Aws, identifier: str, _state: Properties) -> None:
    role, _, name = identifier.partition(":")
    aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


ROWS: tuple[Row[Aws], ...] = (
    Row(
        type="aws:iam/role:Role",
        properties={
            "name": FORCE_NEW,
            "assumeRolePolicy": PLAIN,
            "description": PLAIN,
            "maxSessionDuration": Property(default=_ONE_HOUR),
            "path": Property(replaces=True, default="/"),
            "permissionsBoundary": PLAIN,
            "forceDetachPolicies": KEPT,
            **TAGS,
        },
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        auto_name="name",
    ),
    Row(
        type="aws:iam/rolePolicy:RolePolicy",
        properties={"name": FORCE_NEW, "role": FORCE_NEW, "policy": PLAIN},
        create=_put_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        auto_name="name",
    ),
)
