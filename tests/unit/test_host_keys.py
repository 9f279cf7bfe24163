"""The door's host keys: read in the forms that people have, refused without a word of them, and shown nowhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, load_pem_private_key

from domain import host_keys
from domain.host_keys import HostKey, known_hosts_line
from tests.private_keys import OPENSSH, PKCS1, PKCS8, PUTTY, public_line, text_of
from tests.stack_values import check, faults, sftp, values

SECRET = frozenset({"sftp"})


def told_of(*keys: object, folder: Path = Path()) -> list[str]:
    told = faults(values(sftp=sftp(hostKeys=list(keys))), folder, secret=SECRET)
    for line in told:
        assert_nothing_of_a_key_in(line)
    return [line.removeprefix("landing:sftp.hostKeys") for line in told]


def assert_nothing_of_a_key_in(text: str) -> None:
    for kind in ("ed25519", "ecdsa-256", "rsa-2048"):
        for form in (OPENSSH, PKCS8):
            body = [line for line in text_of(kind, form).splitlines() if not line.startswith("-----")]
            assert not any(line[-20:] in text for line in body), "a part of a key is repeated"


def keygen(*arguments: str) -> str:
    return subprocess.run(  # noqa: S603  # our own words
        ["ssh-keygen", *arguments],  # noqa: S607  # as every machine with OpenSSH has it
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def read(*keys: object) -> tuple[HostKey, ...]:
    return check(values(sftp=sftp(hostKeys=list(keys))), secret=SECRET).host_keys


@pytest.mark.parametrize("kind", ["rsa-2048", "ecdsa-256"])
@pytest.mark.parametrize("form", [OPENSSH, PKCS1, PKCS8])
def test_rsa_and_ecdsa_come_in_any_form_and_go_on_as_pem(kind: str, form: PrivateFormat) -> None:
    (key,) = read(text_of(kind, form))
    assert key.public.body == public_line(kind)
    assert key.algorithm == kind.partition("-")[0].upper()
    assert key.private.startswith(("-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"))
    again = load_pem_private_key(key.private.encode(), None).public_key()
    assert again.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() == public_line(kind)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_ed25519_goes_on_in_openssh_form(end: str) -> None:
    (key,) = read(text_of("ed25519").strip().replace("\n", end or "\n") + end)
    assert key.public.body == public_line("ed25519")
    assert key.algorithm == "ED25519"
    assert key.private.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")


def test_what_openssh_says_of_a_key_is_what_clients_are_told(tmp_path: Path) -> None:
    keygen("-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "host"))
    (key,) = check(values(sftp=sftp(hostKeys=[{"file": "host"}])), tmp_path).host_keys
    assert key.public.fingerprint in keygen("-l", "-f", str(tmp_path / "host"))
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(known_hosts_line("sftp.example.com", key) + "\n")
    assert key.public.fingerprint in keygen("-l", "-F", "sftp.example.com", "-f", str(known_hosts))


NONE = "this is no private key of RSA, ECDSA (NIST's curves) or ED25519; give the private key's text as a secret, or"
PASSPHRASE = "the key has a passphrase; AWS Transfer takes keys without one: `ssh-keygen -p`"


# Keys are made in the test: what stands in a parameter stands in the test's name as well.
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (lambda: text_of("ed25519", PKCS8), "an ED25519 key must be in OpenSSH's own form, as `ssh-keygen -t ed25519`"),
        (lambda: text_of("rsa-2048", PKCS1, passphrase=b"x"), PASSPHRASE),
        (lambda: text_of("ed25519", PKCS8, passphrase=b"x"), PASSPHRASE),
        (lambda: text_of("rsa-1024", PKCS1), "an RSA key of 1024 bits is too short: at least 2048, or use ssh-ed25519"),
        (lambda: text_of("dsa-1024", PKCS8), NONE),
        (lambda: text_of("ed448-", PKCS8), NONE),
        (lambda: text_of("ecdsa-koblitz", PKCS8), NONE),
        (lambda: public_line("ed25519"), NONE),
        (lambda: text_of("ed25519")[:250], NONE),
        (lambda: PUTTY, NONE),
        (lambda: "", NONE),
        (lambda: 7, "give the private key's text as a secret, or {file: <path from the project's folder>}"),
        (lambda: {"key": text_of("ed25519")}, "give the private key's text as a secret, or {file: <path from the "),
        (lambda: {"file": text_of("ed25519")}, "holds the text of a private key, which is not repeated here: treat it"),
        (lambda: {"file": "no/such"}, "the key file 'no/such' cannot be read; make it or name another"),
    ],
)
def test_a_key_that_is_none_is_told_what_it_is_and_never_repeated(key: Callable[[], object], sentence: str) -> None:
    (told,) = told_of(key())
    assert told.startswith(f"[0]: {sentence}")


def test_a_key_whose_text_is_longer_than_transfer_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    # One that really is takes a quarter of a minute to make.
    monkeypatch.setattr(host_keys, "LONGEST_BODY", 1000)
    (told,) = told_of(text_of("rsa-2048", PKCS1))
    assert "characters, and AWS Transfer takes 1000; make an RSA key of 4096 bits at most, or an ED25519 key" in told


def test_a_key_with_a_passphrase_as_openssh_writes_it(tmp_path: Path) -> None:
    keygen("-q", "-t", "ed25519", "-N", "hunter2", "-f", str(tmp_path / "host"))
    (told,) = told_of({"file": "host"}, folder=tmp_path)
    assert told.startswith("[0]: the key has a passphrase")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "host").write_bytes(b"\xff\xfe")
    (told,) = told_of({"file": "host"}, folder=tmp_path)
    assert told == "[0]: the key file 'host' cannot be read; make it or name another"


def test_two_of_one_type() -> None:
    assert told_of(text_of("ed25519"), text_of("ecdsa-256"), text_of("ed25519")) == [
        ": AWS Transfer shows one key of each type, got two of ED25519; keep one"
    ]


@pytest.mark.parametrize("given", ["the text", {"file": "host"}, None, 7])
def test_keys_that_are_no_list(given: object) -> None:
    given = text_of("ed25519") if given == "the text" else given
    (told,) = faults(values(sftp=sftp(hostKeys=given)), secret=SECRET)
    assert told.startswith("landing:sftp.hostKeys: is not a list; for each key give the private key's text as a secret")
    assert_nothing_of_a_key_in(told)


def test_a_key_in_plain_text_is_refused_beside_all_that_is_wrong_with_the_others() -> None:
    told = faults(values(sftp=sftp(hostKeys=[{"file": "no/such"}, text_of("ed25519"), "nonsense"])))
    assert told == [
        *(
            f"landing:sftp.hostKeys[{n}]: stands here in plain text: treat it as exposed, make a new key, and set it "
            f"by `pulumi config set --secret --path 'landing:sftp.hostKeys[{n}]' < <the key's file>`"
            for n in (1, 2)
        ),
        "landing:sftp.hostKeys[0]: the key file 'no/such' cannot be read; make it or name another",
    ]
    assert not any("BEGIN" in line for line in told)


def test_nothing_that_prints_settings_prints_a_key() -> None:
    settings = check(values(sftp=sftp(hostKeys=[text_of("ed25519")])), secret=SECRET)
    for shown in (repr(settings), str(settings), repr(settings.host_keys), str(settings.sftp.model_dump())):
        assert "PRIVATE KEY" not in shown
        assert_nothing_of_a_key_in(shown)


def test_no_two_texts_of_keys_are_mixed_up() -> None:
    keys = read(text_of("ed25519"), text_of("rsa-2048"))
    assert [key.public.body for key in keys] == [public_line("ed25519"), public_line("rsa-2048")]
