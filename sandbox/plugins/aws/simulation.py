"""AWS IAM: what a principal's policies would allow, by IAM's own simulator."""

from __future__ import annotations

import json

from sandbox.plugins.aws.cloud import Aws, given
from sandbox.plugins.wire import Properties


def get_principal_policy_simulation(aws: Aws, arguments: Properties) -> Properties:
    """Give the simulator's decision on each pair of an action and a resource."""
    contexts = [
        {"ContextKeyName": entry["key"], "ContextKeyType": entry["type"], "ContextKeyValues": entry["values"]}
        for entry in arguments.get("contexts", [])
    ]
    pages = (
        aws.client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn=arguments["policySourceArn"],
            ActionNames=arguments["actionNames"],
            **given(
                ResourceArns=arguments.get("resourceArns"),
                ContextEntries=contexts or None,
                PolicyInputList=arguments.get("additionalPoliciesJsons"),
                PermissionsBoundaryPolicyInputList=arguments.get("permissionsBoundaryPoliciesJsons"),
                ResourcePolicy=arguments.get("resourcePolicyJson"),
                ResourceOwner=arguments.get("resourceOwnerAccountId"),
                CallerArn=arguments.get("callerArn"),
                ResourceHandlingOption=arguments.get("resourceHandlingOption"),
            ),
        )
    )
    results = [
        {
            "actionName": result["EvalActionName"],
            "resourceArn": result.get("EvalResourceName", "*"),
            "decision": result["EvalDecision"],
            "allowed": result["EvalDecision"] == "allowed",
            "decisionDetails": result.get("EvalDecisionDetails", {}),
            "matchedStatements": [
                given(
                    sourcePolicyId=statement.get("SourcePolicyId"), sourcePolicyType=statement.get("SourcePolicyType")
                )
                for statement in result.get("MatchedStatements", [])
            ],
            "missingContextKeys": result.get("MissingContextValues", []),
        }
        for page in pages
        for result in page["EvaluationResults"]
    ]
    return {
        **arguments,
        "id": json.dumps([arguments["policySourceArn"], arguments["actionNames"]]),
        "allAllowed": bool(results) and all(result["allowed"] for result in results),
        "results": results,
    }
