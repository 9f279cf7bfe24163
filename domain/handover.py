"""The handover sheet: one page that tells a partner all that it needs to send its first file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domain.feeds import Feed
from domain.partners import Partner
from domain.sftp_users import Folder, SftpUser
from domain.ssh_keys import ACCEPTED_TYPES, MINIMUM_RSA_BITS


@dataclass(frozen=True, kw_only=True)
class DoorFacts:
    """What is the same for all partners."""

    hostname: str
    fingerprints: Sequence[str]
    """SHA-256, as OpenSSH prints them."""
    known_hosts: Sequence[str]
    """Lines for a known_hosts file, in the order of the fingerprints; empty while AWS makes the host key."""
    addresses: Sequence[str]
    """The door's own IP addresses; empty where they may change."""
    security_policy: str


def handover_sheet(partner: Partner, door: DoorFacts) -> str:
    """Write a partner's sheet as Markdown."""
    parts = [
        f"# SFTP access for {partner.name}",
        _connection(door),
        _identity(door),
        *(_user(user, door, partner) for user in partner.logins),
        _deliveries(partner),
        _rules(door),
    ]
    return "\n\n".join(parts) + "\n"


def _connection(door: DoorFacts) -> str:
    rows = [("Host", f"`{door.hostname}`"), ("Port", "22"), ("Protocol", "SFTP, by SSH key; no passwords")]
    if door.addresses:
        rows.append(("Addresses to allow", ", ".join(f"`{address}`" for address in door.addresses)))
    return _table(("", ""), rows)


def _identity(door: DoorFacts) -> str:
    types = [f" ({line.split()[1]})" for line in door.known_hosts] or [""] * len(door.fingerprints)
    shown = "\n".join(f"- `{print_}`{type_}" for print_, type_ in zip(door.fingerprints, types, strict=True))
    text = f"## Is it us?\n\nAt the first connection your client shows one of these fingerprints:\n\n{shown}"
    if door.known_hosts:
        lines = "\n".join(door.known_hosts)
        text += f"\n\nOr add these lines to your `known_hosts` file first:\n\n```\n{lines}\n```"
    return text


def _user(user: SftpUser, door: DoorFacts, partner: Partner) -> str:
    folders = _table(
        ("Folder", "What you may do"),
        [
            (f"`{folder.path}`", "send, list, fetch, rename, remove" if folder.writable else "list, fetch")
            for folder in user.folders
        ],
    )
    keys = _table(
        ("Key", "Accepted"),
        [
            (
                f"`{each.key.fingerprint}` ({each.key.type})",
                f"until {each.expires:%Y-%m-%d}, end of day UTC" if each.expires else "until it is withdrawn",
            )
            for each in user.public_keys
        ],
    )
    head = f"## User `{user.name}`\n\n{folders}"
    if not user.public_keys:
        return f"{head}\n\nNo key of this user is accepted at present: send us a public key."
    commands = "\n".join(_commands(user, door, partner))
    return f"{head}\n\n{keys}\n\nTo try it:\n\n```\n{commands}\n```"


def _commands(user: SftpUser, door: DoorFacts, partner: Partner) -> Iterable[str]:
    # Each key that a client offers in vain may count as a refused login; an agent offers all that it has.
    client = f"sftp -b - -o IdentitiesOnly=yes -i <private key> {user.name}@{door.hostname}"
    yield f"echo ls | {client}"
    feed = partner.feeds[0]
    place = next((path for folder in user.folders if (path := _path_of(folder, feed))), None)
    if place:
        yield f"echo 'put <file> {place.rstrip('/')}/' | {client}"


def _path_of(folder: Folder, feed: Feed) -> str | None:
    """Give the path by which a user reaches a feed's folder, if it does by this one."""
    box, _, below = folder.target.partition("/")
    if box != "inbox":
        return None
    if not below:
        return f"{folder.path.rstrip('/')}/{feed.name}"
    return folder.path if below == feed.name else None


def _deliveries(partner: Partner) -> str:
    rows = [
        (
            feed.name,
            ", ".join(
                f"`{path}` ({user.name})"
                for user in partner.logins
                for folder in user.folders
                if (path := _path_of(folder, feed))
            )
            or "no user of yours reaches it",
            feed.format.upper(),
        )
        for feed in partner.feeds
    ]
    table = _table(("Feed", "Folder", "Format"), rows)
    return (
        f"## What to send, and when\n\n{table}\n\nTimes are in your zone, {partner.time_zone}. "
        "No delivery window is agreed: files are taken at any time, and loaded as they arrive."
    )


def _rules(door: DoorFacts) -> str:
    return (
        "## Good to know\n\n"
        f"- Keys that we take: {', '.join(ACCEPTED_TYPES)}; RSA of at least {MINIMUM_RSA_BITS} bits.\n"
        f"- Algorithms: those of AWS's `{door.security_policy}`.\n"
        "- A file counts as sent when your client has closed it. After an upload that broke off, send the file again "
        "from its start, under the same name; files cannot be appended to.\n"
        "- Let your client offer its own key alone: others that it offers first may count as refused logins.\n"
        "- To change a key, send us the new public key first: both work until the old one is withdrawn."
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
