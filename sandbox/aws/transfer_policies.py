"""Transfer's security policies for servers: the names that it takes, and what the current ones let SSH use."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_POLICY = "TransferSecurityPolicy-2024-01"
"""What CreateServer gives to a server that names none."""


@dataclass(frozen=True, kw_only=True)
class SshAlgorithms:
    """What a policy lets an SSH client and the server agree on, best first."""

    ciphers: tuple[str, ...]
    key_exchanges: tuple[str, ...]
    macs: tuple[str, ...]


CURRENT = SshAlgorithms(
    ciphers=("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"),
    key_exchanges=(
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group-exchange-sha256",
    ),
    macs=("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
)
"""TransferSecurityPolicy-2024-01 without its post-quantum key exchanges: what the door speaks."""

POLICY_NAMES = (
    "TransferSecurityPolicy-2018-11",
    "TransferSecurityPolicy-2020-06",
    "TransferSecurityPolicy-2022-03",
    "TransferSecurityPolicy-2023-05",
    "TransferSecurityPolicy-2024-01",
    "TransferSecurityPolicy-2025-03",
    "TransferSecurityPolicy-FIPS-2020-06",
    "TransferSecurityPolicy-FIPS-2023-05",
    "TransferSecurityPolicy-FIPS-2024-01",
    "TransferSecurityPolicy-FIPS-2024-05",
    "TransferSecurityPolicy-FIPS-2025-03",
    "TransferSecurityPolicy-PQ-SSH-Experimental-2023-04",
    "TransferSecurityPolicy-PQ-SSH-FIPS-Experimental-2023-04",
    "TransferSecurityPolicy-Restricted-2018-11",
    "TransferSecurityPolicy-Restricted-2020-06",
    "TransferSecurityPolicy-Restricted-2024-06",
    "TransferSecurityPolicy-SshAuditCompliant-2025-02",
    "TransferSecurityPolicy-AS2Restricted-2025-07",
)


def described(name: str) -> dict[str, object]:
    """Give a policy as DescribeSecurityPolicy does; algorithms are told for those that the door really speaks."""
    algorithms = (
        {
            "SshCiphers": CURRENT.ciphers,
            "SshKexs": CURRENT.key_exchanges,
            "SshMacs": CURRENT.macs,
        }
        if name == DEFAULT_POLICY
        else {}
    )
    return {
        "SecurityPolicyName": name,
        "Fips": "-FIPS-" in name,
        "Type": "SERVER",
        "Protocols": ["SFTP", "FTPS"],
        **algorithms,
    }
