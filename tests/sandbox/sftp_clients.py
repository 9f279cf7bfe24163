"""SFTP clients that partners have, each doing the same few things in its own words."""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import paramiko

from sandbox.home import LOOPBACK
from tests.sandbox.sftp_landing import Landing
from tools import rclone

SECONDS = 120
UPLOAD_RATE = 4_000_000
"""Bytes per second of an upload that is to be interrupted."""


class ClientError(Exception):
    """A client that did not do what it was told; the message is what it said."""


@dataclass(frozen=True)
class Login:
    """Who comes, with which key, and where to."""

    user: str
    port: int
    key: Path
    known_hosts: Path

    @classmethod
    def of(cls, zone: Landing, user: str, folder: Path) -> Login:
        """Write down the user's key, and how it knows the door."""
        key, known_hosts = folder / f"{user}.key", folder / "known_hosts"
        key.touch(mode=0o600)
        key.write_bytes(zone.keys[user].export_private_key())
        known_hosts.write_text(zone.known_hosts)
        return cls(user, zone.home.ports.sftp, key, known_hosts)

    @property
    def options(self) -> list[str]:
        """What OpenSSH's programs need to be told."""
        given = {"UserKnownHostsFile": self.known_hosts, "IdentitiesOnly": "yes", "IdentityAgent": "none"}
        return [
            "-F",
            "none",
            "-i",
            str(self.key),
            *(word for pair in given.items() for word in ("-o", "=".join(map(str, pair)))),
        ]


class Client(ABC):
    """A client, logged in anew for each thing that it does; each raises ClientError when it fails."""

    def __init__(self, login: Login) -> None:
        self.login = login

    @staticmethod
    def missing() -> str | None:
        """Say why the client cannot be used here, or None when it can."""
        return None

    @abstractmethod
    def put(self, local: Path, remote: str) -> None:
        """Send a file."""

    @abstractmethod
    def get(self, remote: str, local: Path) -> None:
        """Fetch a file."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """List a folder."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Give a file another name."""

    @abstractmethod
    def remove(self, remote: str) -> None:
        """Delete a file."""

    @abstractmethod
    def make_folder(self, remote: str) -> None:
        """Make a folder."""

    @abstractmethod
    def remove_folder(self, remote: str) -> None:
        """Remove an empty folder."""

    @abstractmethod
    def put_all(self, local: Path, remote: str) -> None:
        """Send all files of a folder into one that is there."""

    @abstractmethod
    def get_all(self, remote: str, local: Path) -> None:
        """Fetch all files of a folder."""

    @abstractmethod
    def resume_get(self, remote: str, local: Path) -> None:
        """Fetch what of a file is not there yet."""

    @abstractmethod
    def resume_put(self, local: Path, remote: str) -> None:
        """Send what of a file is not there yet."""

    @abstractmethod
    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        """Send a file slowly, and be gone without a word at the end of the context."""


class Program(Client):
    """A client that is a program."""

    def run(self, command: list[str], said: str | None = None, **environment: str) -> str:
        done = subprocess.run(  # noqa: S603  # our own words
            command,
            input=said,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, **environment},
        )
        if done.returncode:
            raise ClientError(done.stdout + done.stderr)
        return done.stdout

    @contextmanager
    def killed(self, command: list[str], said: str = "", **environment: str) -> Generator[None]:
        process = subprocess.Popen(  # noqa: S603  # our own words
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            text=True,
        )
        with process:
            if process.stdin:
                process.stdin.write(said)
                process.stdin.close()
            try:
                yield
            finally:
                process.kill()


class OpenSsh(Program):
    """OpenSSH's `sftp`."""

    @staticmethod
    def missing() -> str | None:
        return None if shutil.which("sftp") else "OpenSSH's sftp is not on this machine"

    def _command(self, *more: str) -> list[str]:
        where = ["-P", str(self.login.port), f"{self.login.user}@{LOOPBACK}"]
        return ["sftp", "-q", *more, "-b", "-", *self.login.options, *where]

    def _batch(self, line: str) -> str:
        return self.run(self._command(), line)

    def put(self, local: Path, remote: str) -> None:
        self._batch(f'put "{local}" "{remote}"')

    def get(self, remote: str, local: Path) -> None:
        self._batch(f'get "{remote}" "{local}"')

    def names(self, folder: str) -> list[str]:
        return [line.strip().rpartition("/")[2] for line in self._batch(f'ls -1 "{folder}"').splitlines()[1:]]

    def rename(self, old: str, new: str) -> None:
        self._batch(f'rename "{old}" "{new}"')

    def remove(self, remote: str) -> None:
        self._batch(f'rm "{remote}"')

    def make_folder(self, remote: str) -> None:
        self._batch(f'mkdir "{remote}"')

    def remove_folder(self, remote: str) -> None:
        self._batch(f'rmdir "{remote}"')

    def put_all(self, local: Path, remote: str) -> None:
        self._batch(f'put "{local}"/* "{remote}"/')

    def get_all(self, remote: str, local: Path) -> None:
        self._batch(f'get "{remote}"/* "{local}"/')

    def resume_get(self, remote: str, local: Path) -> None:
        self._batch(f'reget "{remote}" "{local}"')

    def resume_put(self, local: Path, remote: str) -> None:
        self._batch(f'reput "{local}" "{remote}"')

    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        with self.killed(self._command("-l", str(UPLOAD_RATE * 8 // 1000)), f'put "{local}" "{remote}"\n'):
            yield


class Scp(OpenSsh):
    """OpenSSH's `scp`, which speaks SFTP, for what it can do; `sftp` for the rest."""

    def _scp(self, *more: str) -> list[str]:
        return ["scp", "-s", *self.login.options, "-P", str(self.login.port), *more]

    def _at(self, remote: str) -> str:
        return f"{self.login.user}@{LOOPBACK}:{remote}"

    def put(self, local: Path, remote: str) -> None:
        self.run(self._scp(str(local), self._at(remote)))

    def get(self, remote: str, local: Path) -> None:
        self.run(self._scp(self._at(remote), str(local)))

    def put_all(self, local: Path, remote: str) -> None:
        self.run(self._scp(*map(str, local.iterdir()), self._at(remote)))

    def get_all(self, remote: str, local: Path) -> None:
        self.run(self._scp(self._at(f"{remote}/*"), str(local)))

    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        with self.killed(self._scp("-l", str(UPLOAD_RATE * 8 // 1000), str(local), self._at(remote))):
            yield


class Lftp(Program):
    """lftp, which starts OpenSSH for the connection."""

    @staticmethod
    def missing() -> str | None:
        return None if shutil.which("lftp") else "lftp is not on PATH"

    def _command(self, line: str) -> list[str]:
        connect = " ".join(["ssh", "-a", "-x", *self.login.options])
        return [
            *("lftp", "--norc", "-u", f"{self.login.user},", f"sftp://{LOOPBACK}:{self.login.port}"),
            *(
                "-e",
                f'set cmd:fail-exit yes; set net:max-retries 1; set sftp:connect-program "{connect}"; {line}; exit',
            ),
        ]

    def _line(self, line: str) -> str:
        return self.run(self._command(line))

    def put(self, local: Path, remote: str) -> None:
        self._line(f'put "{local}" -o "{remote}"')

    def get(self, remote: str, local: Path) -> None:
        self._line(f'get "{remote}" -o "{local}"')

    def names(self, folder: str) -> list[str]:
        return [line.rstrip("/").rpartition("/")[2] for line in self._line(f'cls -1 "{folder}"').splitlines()]

    def rename(self, old: str, new: str) -> None:
        self._line(f'mv "{old}" "{new}"')

    def remove(self, remote: str) -> None:
        self._line(f'rm "{remote}"')

    def make_folder(self, remote: str) -> None:
        self._line(f'mkdir "{remote}"')

    def remove_folder(self, remote: str) -> None:
        self._line(f'rmdir "{remote}"')

    def put_all(self, local: Path, remote: str) -> None:
        self._line(f'mirror -R --no-perms "{local}" "{remote}"')

    def get_all(self, remote: str, local: Path) -> None:
        self._line(f'mirror "{remote}" "{local}"')

    def resume_get(self, remote: str, local: Path) -> None:
        self._line(f'get -c "{remote}" -o "{local}"')

    def resume_put(self, local: Path, remote: str) -> None:
        self._line(f'put -c "{local}" -o "{remote}"')

    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        with self.killed(self._command(f'set net:limit-rate 0:{UPLOAD_RATE}; put "{local}" -o "{remote}"')):
            yield


class Rclone(Program):
    """rclone with its SFTP backend, as its documents say for a server without a shell."""

    @staticmethod
    def missing() -> str | None:
        return None if rclone.ready() else "rclone is neither on PATH nor built by tools/bench_sftp.py"

    def _command(self, *words: str) -> list[str]:
        return [str(rclone.ready()), *words, "--config", "", "--retries", "1", "--low-level-retries", "1"]

    @property
    def _settings(self) -> Mapping[str, str]:
        given = {
            "type": "sftp",
            "host": LOOPBACK,
            "port": str(self.login.port),
            "user": self.login.user,
            "key_file": str(self.login.key),
            "known_hosts_file": str(self.login.known_hosts),
            "shell_type": "none",
        }
        return {f"RCLONE_CONFIG_DOOR_{name.upper()}": value for name, value in given.items()}

    def _rclone(self, *words: str) -> str:
        return self.run(self._command(*words), None, **self._settings)

    def put(self, local: Path, remote: str) -> None:
        self._rclone("copyto", str(local), f"door:{remote}")

    def get(self, remote: str, local: Path) -> None:
        self._rclone("copyto", f"door:{remote}", str(local))

    def names(self, folder: str) -> list[str]:
        return [name.rstrip("/") for name in self._rclone("lsf", f"door:{folder}").splitlines()]

    def rename(self, old: str, new: str) -> None:
        self._rclone("moveto", f"door:{old}", f"door:{new}")

    def remove(self, remote: str) -> None:
        self._rclone("deletefile", f"door:{remote}")

    def make_folder(self, remote: str) -> None:
        self._rclone("mkdir", f"door:{remote}")

    def remove_folder(self, remote: str) -> None:
        self._rclone("rmdir", f"door:{remote}")

    def put_all(self, local: Path, remote: str) -> None:
        self._rclone("copy", str(local), f"door:{remote}")

    def get_all(self, remote: str, local: Path) -> None:
        self._rclone("copy", f"door:{remote}", str(local))

    def resume_get(self, remote: str, local: Path) -> None:
        """Fetch it anew: rclone does not resume."""
        self.get(remote, local)

    def resume_put(self, local: Path, remote: str) -> None:  # noqa: ARG002
        """Say that it cannot."""
        raise ClientError("rclone does not resume")

    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        slowly = ["--bwlimit", f"{UPLOAD_RATE}B"]
        with self.killed(self._command("copyto", str(local), f"door:{remote}", *slowly), **self._settings):
            yield


class Paramiko(Client):
    """paramiko, as programs use it."""

    @contextmanager
    def session(self) -> Generator[Any]:
        """Give an SFTP session on a connection of its own; what it refuses comes as a ClientError."""
        with cast("Any", paramiko).SSHClient() as ssh:
            ssh.load_host_keys(str(self.login.known_hosts))
            ssh.connect(
                LOOPBACK,
                self.login.port,
                self.login.user,
                key_filename=str(self.login.key),
                allow_agent=False,
                look_for_keys=False,
            )
            try:
                yield ssh.open_sftp()
            except OSError as error:
                raise ClientError(str(error)) from error

    def put(self, local: Path, remote: str) -> None:
        with self.session() as sftp:
            sftp.put(str(local), remote)

    def get(self, remote: str, local: Path) -> None:
        with self.session() as sftp:
            sftp.get(remote, str(local))

    def names(self, folder: str) -> list[str]:
        with self.session() as sftp:
            return sftp.listdir(folder)

    def rename(self, old: str, new: str) -> None:
        with self.session() as sftp:
            sftp.rename(old, new)

    def remove(self, remote: str) -> None:
        with self.session() as sftp:
            sftp.remove(remote)

    def make_folder(self, remote: str) -> None:
        with self.session() as sftp:
            sftp.mkdir(remote)

    def remove_folder(self, remote: str) -> None:
        with self.session() as sftp:
            sftp.rmdir(remote)

    def put_all(self, local: Path, remote: str) -> None:
        with self.session() as sftp:
            for file in local.iterdir():
                sftp.put(str(file), f"{remote}/{file.name}")

    def get_all(self, remote: str, local: Path) -> None:
        with self.session() as sftp:
            for name in sftp.listdir(remote):
                sftp.get(f"{remote}/{name}", str(local / name))

    def resume_get(self, remote: str, local: Path) -> None:
        with self.session() as sftp, sftp.open(remote) as source, local.open("ab") as target:
            source.seek(target.tell())
            shutil.copyfileobj(source, target)

    def resume_put(self, local: Path, remote: str) -> None:
        with self.session() as sftp, sftp.open(remote, "a") as target:
            target.write(local.read_bytes()[sftp.stat(remote).st_size :])

    @contextmanager
    def putting(self, local: Path, remote: str) -> Generator[None]:
        with self.session() as sftp:
            file = sftp.open(remote, "w")
            file.set_pipelined(True)
            file.write(local.read_bytes()[: UPLOAD_RATE * 3])
            yield
            sftp.get_channel().get_transport().sock.close()


CLIENTS: tuple[type[Client], ...] = (OpenSsh, Scp, Paramiko, Lftp, Rclone)
