"""The door: its name, its algorithms, its words, its identity, and whom its role trusts."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from components.partner_access import PartnerAccess, PartnerAccessArgs
from components.sftp_gateway import SftpGateway, SftpGatewayArgs
from domain.host_keys import HostKey
from domain.sftp_settings import SftpSettings
from tests.components.landing_pieces import (
    ACCOUNT,
    KEY,
    a_bucket,
    a_gateway,
    answers,
    host_keys,
    lookups,
    sftp_settings,
)
from tests.components.recorder import CallRefusedError, Program, Registered, Secret
from tests.stack_values import partner, read_partners

SERVER = "aws:transfer/server:Server"
HOST_KEY = "aws:transfer/hostKey:HostKey"


def opened(registered: Program, *kinds: str, **changes: object) -> Registered:
    settings = sftp_settings(**changes)
    return registered(lambda: a_gateway(a_bucket(), *kinds, settings=settings).outputs, outputs=answers, calls=lookups)


def test_it_takes_sftp_by_key_with_the_newest_algorithms_and_lets_times_be_set(registered: Program) -> None:
    (server,) = opened(registered).inputs_of(SERVER)
    assert server["protocols"] == ["SFTP"]
    assert server["identityProviderType"] == "SERVICE_MANAGED"
    assert server["endpointType"] == "PUBLIC"
    assert server["securityPolicyName"] == "TransferSecurityPolicy-2025-03"
    assert server["protocolDetails"] == {"setStatOption": "ENABLE_NO_OP"}
    assert not {"hostKey", "preAuthenticationLoginBanner", "endpointDetails"} & {*server}


def test_its_policy_and_its_words_are_those_of_the_settings(registered: Program) -> None:
    run = opened(registered, securityPolicy="TransferSecurityPolicy-FIPS-2025-03", banner="Keep out.")
    (server,) = run.inputs_of(SERVER)
    assert server["securityPolicyName"] == "TransferSecurityPolicy-FIPS-2025-03"
    # The provider itself keeps a banner from being shown.
    assert server["preAuthenticationLoginBanner"] == Secret("Keep out.")


def test_it_shows_its_vanity_name_in_a_zone_of_its_own(registered: Program) -> None:
    run = opened(registered)
    (server,) = run.inputs_of(SERVER)
    assert server["tags"] == {
        "transfer:customHostname": "sftp.example.com",
        "transfer:route53HostedZoneId": "/hostedzone/Z1",
    }
    assert run.named("sftp-name").inputs == {
        "zoneId": "Z1",
        "name": "sftp.example.com",
        "type": "CNAME",
        "ttl": 300,
        "records": ["s-1.server"],
    }


def in_a_zone_that_is_there() -> SftpGateway:
    settings = SftpSettings(hostname="sftp.example.com", zone="example.com")
    return SftpGateway("sftp", SftpGatewayArgs(account=ACCOUNT, bucket=a_bucket(), settings=settings))


def test_an_existing_zone_is_looked_up_and_not_made(registered: Program) -> None:
    run = registered(in_a_zone_that_is_there, outputs=answers, calls=lookups)
    assert not run.of("aws:route53/zone:Zone")
    assert run.named("sftp-name").inputs["zoneId"] == "Z9"


def test_a_zone_that_is_not_there_ends_the_program_with_one_sentence(registered: Program) -> None:
    def no_zone(args: MockCallArgs) -> dict[str, Any]:
        assert args.args["name"] == "example.com"  # pyright: ignore[reportUnknownMemberType]  # a plain dict in pulumi
        raise CallRefusedError("no matching Route 53 Hosted Zone found\nand more")

    with pytest.raises(pulumi.RunError) as caught:
        registered(in_a_zone_that_is_there, outputs=answers, calls=no_zone)
    told = str(caught.value)
    assert told.startswith("landing:sftp.zone: Route 53 does not show a public zone 'example.com' (")
    assert "no matching Route 53 Hosted Zone found" in told
    assert told.endswith("; name one that is there, or set landing:sftp.zoneExists to false to have it made")
    assert "\n" not in told
    assert caught.value.__cause__ is None


def test_host_keys_go_to_the_server_and_beside_it_as_secrets(registered: Program) -> None:
    run = opened(registered, "rsa-2048", "ed25519", "ecdsa-256")
    ecdsa, ed25519, rsa = sorted(host_keys("rsa-2048", "ed25519", "ecdsa-256"), key=lambda key: key.algorithm)
    (server,) = run.inputs_of(SERVER)
    assert server["hostKey"] == Secret(ecdsa.private)
    assert {each.name: each.inputs for each in run.of(HOST_KEY)} == {
        f"sftp-host-key-{key.public.short_name}": {
            "serverId": "sftp-server-id",
            "description": f"{key.algorithm} {key.public.fingerprint}",
            "hostKeyBody": Secret(key.private),
        }
        for key in (ed25519, rsa)
    }


def private_parts(keys: tuple[HostKey, ...]) -> list[str]:
    return [line for key in keys for line in key.private.splitlines() if "-----" not in line]


def test_no_word_of_a_host_key_stands_in_plain_anywhere(registered: Program) -> None:
    kinds = ("rsa-2048", "ed25519", "ecdsa-256")
    run = opened(registered, *kinds)

    def plain(value: object) -> str:
        return json.dumps(value, default=lambda other: "secret" if isinstance(other, Secret) else str(other))

    shown = "".join(plain(each.inputs) for each in run.resources) + plain(run.registered_outputs) + plain(run.result)
    assert not any(part in shown for part in private_parts(host_keys(*kinds)))


def test_the_order_of_host_keys_means_nothing(registered: Program) -> None:
    one, other = opened(registered, "rsa-2048", "ed25519"), opened(registered, "ed25519", "rsa-2048")
    assert one.shape == other.shape
    assert [each.inputs for each in one.resources] == [each.inputs for each in other.resources]


def test_what_clients_pin_is_told_before_the_server_is_there(registered: Program) -> None:
    ecdsa, ed25519 = host_keys("ecdsa-256", "ed25519")
    run = registered(
        lambda: {
            name: value
            for name, value in a_gateway(a_bucket(), "ed25519", "ecdsa-256").outputs.items()
            if name in {"hostname", "hostKeyFingerprints", "knownHosts"}
        },
        preview=True,
    )
    assert run.result == {
        "hostname": "sftp.example.com",
        "hostKeyFingerprints": [ecdsa.public.fingerprint, ed25519.public.fingerprint],
        "knownHosts": [f"sftp.example.com {key.public.body}" for key in (ecdsa, ed25519)],
    }


def test_without_host_keys_the_servers_own_fingerprint_is_told(registered: Program) -> None:
    result = opened(registered).result
    assert result["hostKeyFingerprints"] == ["SHA256:x"]
    assert result["knownHosts"] == []
    assert result["endpoint"] == "s-1.server"
    assert result["addresses"] == []


def test_the_role_trusts_transfer_for_this_servers_users_in_this_account(registered: Program) -> None:
    run = opened(registered)
    (statement,) = json.loads(run.named("sftp-users-role").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "transfer.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT.id},
        "ArnLike": {"aws:SourceArn": f"arn:aws:transfer:us-east-1:{ACCOUNT.id}:user/sftp-server-id/*"},
    }
    assert KEY in run.named("sftp-users-access").inputs["policy"]
    (outputs,) = run.registered_outputs["sftp"]
    assert outputs["serverId"] == "sftp-server-id"


def test_nobody_comes_in_before_the_bucket_is_closed_and_the_role_has_its_policy(registered: Program) -> None:
    (skyway,) = read_partners(partner())

    def program() -> None:
        PartnerAccess("skyway", PartnerAccessArgs(partner=skyway, door=a_gateway(a_bucket()).door))

    run = registered(program, outputs=answers, calls=lookups)
    guards = {f"landing-{part}" for part in ("encryption", "ownership", "public-access", "policy", "versioning")}
    for name in ("skyway-inbox-folder", "skyway-user"):
        assert guards | {"sftp-users-access"} <= run.named(name).depends_on


def test_a_fingerprint_that_aws_tells_is_written_as_clients_show_it(registered: Program) -> None:
    def padded(args: MockResourceArgs) -> dict[str, Any]:
        return answers(args) | ({"hostKeyFingerprint": "SHA256:AbC="} if args.typ == SERVER else {})

    run = registered(lambda: a_gateway(a_bucket()).outputs, outputs=padded, calls=lookups)
    assert run.result["hostKeyFingerprints"] == ["SHA256:AbC"]
