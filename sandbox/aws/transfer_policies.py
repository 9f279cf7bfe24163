"""Transfer's security policies for servers, and what each lets SSH use.

From "Security policies for AWS Transfer Family servers" in its user guide. The two experimental post-quantum policies
of 2023 are left out: they are deprecated, and no client of today speaks their key exchanges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

DEFAULT_POLICY = "TransferSecurityPolicy-2024-01"
"""What CreateServer gives to a server that names none."""

_RSA_WITH_SHA2 = ("rsa-sha2-256", "rsa-sha2-512")
_ELLIPTIC = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519")
_HOST_KEY_ALGORITHMS = _RSA_WITH_SHA2 + _ELLIPTIC


@dataclass(frozen=True, kw_only=True)
class SshAlgorithms:
    """What a policy lets an SSH client and the server agree on, best first."""

    ciphers: tuple[str, ...]
    key_exchanges: tuple[str, ...]
    macs: tuple[str, ...]
    signatures: tuple[str, ...] = _HOST_KEY_ALGORITHMS
    """The algorithms with which host keys and users' keys sign."""

    def with_rsa_sha1(self) -> SshAlgorithms:
        """Give the same with the old `ssh-rsa` signatures too."""
        return replace(self, signatures=(*self.signatures, "ssh-rsa"))


_GCM = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")
_STRONG_CTR = ("aes256-ctr", "aes192-ctr")
_ALL_CTR = ("aes128-ctr", "aes256-ctr", "aes192-ctr")
_CHACHA = "chacha20-poly1305@openssh.com"
_HYBRID = ("mlkem768x25519-sha256", "mlkem768nistp256-sha256", "mlkem1024nistp384-sha384")
_NIST = ("ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521")
_CURVE25519 = ("curve25519-sha256", "curve25519-sha256@libssh.org")
_LARGE_GROUPS = ("diffie-hellman-group18-sha512", "diffie-hellman-group16-sha512")
_CHOSEN_GROUP = ("diffie-hellman-group-exchange-sha256",)
_GROUP14 = ("diffie-hellman-group14-sha256",)
_ETM = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
_PLAIN_SHA2 = ("hmac-sha2-256", "hmac-sha2-512")

_GROUPS = _LARGE_GROUPS + _CHOSEN_GROUP
_2024 = SshAlgorithms(ciphers=_GCM + _ALL_CTR, key_exchanges=_NIST + _CURVE25519 + _GROUPS, macs=_ETM)
_FIPS_2024 = SshAlgorithms(ciphers=_GCM + _ALL_CTR, key_exchanges=_NIST + _GROUPS, macs=_ETM)
_2025 = SshAlgorithms(ciphers=_GCM + _ALL_CTR, key_exchanges=_HYBRID + _NIST + _CURVE25519 + _GROUPS, macs=_ETM)
_2023 = SshAlgorithms(ciphers=_GCM + _STRONG_CTR, key_exchanges=_CURVE25519 + _GROUPS, macs=_ETM)
_2020_RESTRICTED = SshAlgorithms(
    ciphers=_ALL_CTR + _GCM,
    key_exchanges=_NIST + _CHOSEN_GROUP + _LARGE_GROUPS + _GROUP14,
    macs=("umac-128-etm@openssh.com", *_ETM, "umac-128@openssh.com", *_PLAIN_SHA2),
).with_rsa_sha1()
_2018_RESTRICTED = SshAlgorithms(
    ciphers=_ALL_CTR + _GCM,
    key_exchanges=_CURVE25519 + _NIST + _CHOSEN_GROUP + _LARGE_GROUPS + _GROUP14 + ("diffie-hellman-group14-sha1",),
    macs=(
        "umac-64-etm@openssh.com",
        "umac-128-etm@openssh.com",
        *_ETM,
        "hmac-sha1-etm@openssh.com",
        "umac-64@openssh.com",
        "umac-128@openssh.com",
        *_PLAIN_SHA2,
        "hmac-sha1",
    ),
).with_rsa_sha1()


def _with_chacha(restricted: SshAlgorithms) -> SshAlgorithms:
    return replace(restricted, ciphers=(_CHACHA, *restricted.ciphers))


POLICIES: Mapping[str, SshAlgorithms] = MappingProxyType(
    {
        "TransferSecurityPolicy-2018-11": _with_chacha(_2018_RESTRICTED),
        "TransferSecurityPolicy-2020-06": _with_chacha(_2020_RESTRICTED),
        "TransferSecurityPolicy-2022-03": replace(_2023, macs=_ETM + _PLAIN_SHA2),
        "TransferSecurityPolicy-2023-05": _2023,
        "TransferSecurityPolicy-2024-01": _2024,
        "TransferSecurityPolicy-2025-03": _2025,
        "TransferSecurityPolicy-FIPS-2020-06": SshAlgorithms(
            ciphers=_ALL_CTR + _GCM,
            key_exchanges=_NIST + _CHOSEN_GROUP + _LARGE_GROUPS + _GROUP14,
            macs=_ETM + _PLAIN_SHA2,
        ).with_rsa_sha1(),
        "TransferSecurityPolicy-FIPS-2023-05": replace(_2023, key_exchanges=_GROUPS).with_rsa_sha1(),
        "TransferSecurityPolicy-FIPS-2024-01": _FIPS_2024.with_rsa_sha1(),
        "TransferSecurityPolicy-FIPS-2024-05": _FIPS_2024,
        "TransferSecurityPolicy-FIPS-2025-03": replace(_2025, key_exchanges=_HYBRID + _NIST + _GROUPS),
        "TransferSecurityPolicy-Restricted-2018-11": _2018_RESTRICTED,
        "TransferSecurityPolicy-Restricted-2020-06": _2020_RESTRICTED,
        # The guide gives its name and no list.
        "TransferSecurityPolicy-Restricted-2024-06": _2024,
        "TransferSecurityPolicy-SshAuditCompliant-2025-02": replace(_2023, ciphers=_GCM + _ALL_CTR),
        "TransferSecurityPolicy-AS2Restricted-2025-07": _2025,
    }
)
"""What each policy lets SSH use, by the policy's name."""


def described(name: str) -> dict[str, object]:
    """Give a policy as DescribeSecurityPolicy does, without what only FTPS and AS2 use of it."""
    algorithms = POLICIES[name]
    return {
        "SecurityPolicyName": name,
        "Fips": "-FIPS-" in name,
        "Type": "SERVER",
        "Protocols": ["SFTP", "FTPS"],
        "SshCiphers": algorithms.ciphers,
        "SshKexs": algorithms.key_exchanges,
        "SshMacs": algorithms.macs,
    }
