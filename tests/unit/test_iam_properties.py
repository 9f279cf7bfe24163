from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.aws.evaluator import Policies, Request, context_of, decide
from sandbox.aws.patterns import Pattern, read_actions
from sandbox.aws.policy import Policy, read_policy, read_resource_policy
from sandbox.aws.principals import Caller, CallerKind

ACCOUNT = "123456789012"
OTHER = "999999999999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/partner"
PRINCIPALS: list[object] = [
    "*",
    {"AWS": ROLE},
    {"AWS": ACCOUNT},
    {"AWS": OTHER},
    {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/partner/s"},
    {"Service": "transfer.amazonaws.com"},
]
actions = st.sampled_from(["*", "*", "*", "s3:*", "s3:Get*", "s3:GetObject", "kms:Decrypt"])
resources = st.sampled_from(
    ["*", "*", "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/a/*", "arn:aws:s3:::b/a/x", "arn:aws:s3:::c/*"]
)
conditions: st.SearchStrategy[dict[str, object]] = st.sampled_from(
    [{}, {"Bool": {"aws:SecureTransport": "true"}}, {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}]
)


@st.composite
def policies(draw: st.DrawFn, *, of_resource: bool = False) -> Policy:
    def statement() -> dict[str, object]:
        element: dict[str, object] = {
            "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
            draw(st.sampled_from(["Action", "Action", "Action", "NotAction"])): draw(
                st.lists(actions, min_size=1, max_size=2)
            ),
            draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"])): draw(resources),
            "Condition": draw(conditions),
        }
        return {**element, "Principal": draw(st.sampled_from(PRINCIPALS))} if of_resource else element

    count = draw(st.integers(min_value=0, max_value=3))
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement() for _ in range(count)]})
    return read_resource_policy(document) if of_resource else read_policy(document)


@st.composite
def governed(draw: st.DrawFn) -> Policies:
    return Policies(
        identity=tuple(draw(st.lists(policies(), max_size=2))),
        boundary=draw(st.none() | policies()),
        session=draw(st.none() | policies()),
        resource=draw(st.none() | policies(of_resource=True)),
        resource_must_allow=draw(st.booleans()),
    )


@st.composite
def requests(draw: st.DrawFn, *accounts: str) -> Request:
    account = draw(st.sampled_from(accounts or [ACCOUNT, OTHER]))
    caller = draw(
        st.sampled_from(
            [
                Caller(
                    kind=CallerKind.SESSION,
                    arn=f"arn:aws:sts::{account}:assumed-role/partner/s",
                    account=account,
                    role_arn=f"arn:aws:iam::{account}:role/partner",
                ),
                Caller(kind=CallerKind.USER, arn=f"arn:aws:iam::{account}:user/u", account=account),
            ]
        )
    )
    return Request(
        caller=caller,
        action=draw(st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"])),
        resource=draw(st.sampled_from(["arn:aws:s3:::b/a/x", "arn:aws:s3:::b/z", "arn:aws:s3:::c/x"])),
        resource_account=ACCOUNT,
        context=context_of({"aws:SecureTransport": "true", "aws:PrincipalAccount": account}),
    )


DENY_ALL = read_policy(json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}))
ALLOW_ALL = read_policy(json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}))


@given(requests(), governed(), policies())
def test_a_session_policy_never_widens(request: Request, given_policies: Policies, session: Policy) -> None:
    without = replace(given_policies, session=None)
    if decide(request, replace(without, session=session)):
        assert decide(request, without)


@given(requests(), governed(), policies())
def test_what_a_session_policy_leaves_out_only_the_resource_may_grant(
    request: Request, given_policies: Policies, session: Policy
) -> None:
    if decide(request, replace(given_policies, session=session, resource=None)):
        assert session.granted(request.caller, request.action, request.resource, request.context)


@given(requests(), governed(), policies())
def test_a_boundary_never_widens(request: Request, given_policies: Policies, boundary: Policy) -> None:
    without = replace(given_policies, boundary=None)
    if decide(request, replace(without, boundary=boundary)):
        assert decide(request, without)


@given(requests(), governed(), st.sampled_from(["identity", "boundary", "session", "resource"]))
def test_an_explicit_deny_wins(request: Request, given_policies: Policies, where: str) -> None:
    value = (*given_policies.identity, DENY_ALL) if where == "identity" else DENY_ALL
    decision = decide(request, replace(given_policies, **{where: value}))
    assert not decision
    assert decision.reason.startswith("with an explicit deny")


@given(requests(), governed())
def test_without_an_allow_nothing_is_allowed(request: Request, given_policies: Policies) -> None:
    mute = replace(
        given_policies,
        identity=tuple(Policy(allows=(), denies=one.denies) for one in given_policies.identity),
        resource=None,
    )
    assert not decide(request, mute)


@settings(max_examples=300)
@given(requests(OTHER), governed())
def test_across_accounts_both_sides_must_allow(request: Request, given_policies: Policies) -> None:
    if decide(request, given_policies):
        assert not decide(request, replace(given_policies, resource=None))
        assert not decide(request, replace(given_policies, identity=()))


@given(requests(), governed())
def test_a_key_or_role_opens_only_by_its_own_policy(request: Request, given_policies: Policies) -> None:
    closed = replace(given_policies, resource=None, identity=(ALLOW_ALL,), resource_must_allow=True)
    assert not decide(request, closed)


@given(st.text(alphabet="ab*?.[]\\$-:/", max_size=12))
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    pattern = Pattern(plain, variables=True)
    assert pattern.like(plain, {})
    assert not pattern.like(plain + "a", {})


@given(st.text(alphabet="abcXYZ", min_size=1, max_size=12))
def test_an_action_matches_in_any_case(name: str) -> None:
    assert f"S3:{name.swapcase()}" in read_actions([f"s3:{name}"])
    assert f"s3:{name}" not in read_actions([f"s3:{name}a", f"sqs:{name}", "s3:?"] if len(name) > 1 else ["s3:??"])


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_name_with_wildcards_opens_only_its_own_home(mine: str, theirs: str) -> None:
    pattern = Pattern("home/${aws:username}/x", variables=True)
    context = context_of({"aws:username": mine})
    assert pattern.like(f"home/{theirs}/x", context) is (mine == theirs)
