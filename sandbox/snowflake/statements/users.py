"""CREATE, ALTER, DROP, SHOW and DESCRIBE of users."""

from __future__ import annotations

from dataclasses import replace

from sandbox.snowflake.errors import invalid_value, missing
from sandbox.snowflake.keys import fingerprint, read_public_key
from sandbox.snowflake.names import Name
from sandbox.snowflake.objects import Grant, User
from sandbox.snowflake.reply import Cell, Reply, columns, status, succeeded, table
from sandbox.snowflake.session import Session
from sandbox.snowflake.statement import Statement, Value
from sandbox.snowflake.statements.clauses import (
    dropped,
    flag_of,
    read_creation,
    read_description,
    read_listing,
    read_mention,
    read_properties,
    read_unset,
    text_of,
)
from sandbox.snowflake.users import hash_password

_USERS = columns(
    "name created_on login_name display_name first_name last_name email mins_to_unlock days_to_expiry comment disabled "
    "must_change_password snowflake_lock default_warehouse default_namespace default_role default_secondary_roles "
    "ext_authn_duo ext_authn_uid mins_to_bypass_mfa owner last_success_login expires_at_time locked_until_time "
    "has_password has_rsa_public_key type has_mfa"
)
_DESCRIPTION = columns("property value default description")
_TEXTS = {
    "DISPLAY_NAME", "FIRST_NAME", "MIDDLE_NAME", "LAST_NAME", "EMAIL", "DEFAULT_WAREHOUSE", "DEFAULT_NAMESPACE",
    "DEFAULT_ROLE", "TYPE",
}  # fmt: skip
_KEYS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")
_PROPERTIES = {*_TEXTS, *_KEYS, "PASSWORD", "LOGIN_NAME", "DISABLED", "MUST_CHANGE_PASSWORD", "COMMENT"}
_TYPES = {"PERSON", "SERVICE", "LEGACY_SERVICE"}


def create_user(session: Session, statement: Statement) -> Reply:
    """CREATE USER."""
    creation = read_creation(statement, "USER")
    name = Name(creation.name)
    properties = read_properties(statement, "USER", _PROPERTIES)
    if settled := creation.settle(name, exists=session.store.find(User, name) is not None):
        return settled
    session.store.put(_with(User(name=name, login_name=name.own), properties))
    return status(f"User {name.own} successfully created.")


def alter_user(session: Session, statement: Statement) -> Reply:
    """ALTER USER .. SET or UNSET."""
    mention = read_mention(statement, "ALTER", "USER")
    name = Name(mention.name)
    kept = session.store.find(User, name)
    if settled := mention.settle("User", name, exists=kept is not None):
        return settled
    assert kept is not None  # noqa: S101 # settle has raised or answered otherwise
    if statement.accept("UNSET"):
        names = read_unset(statement, "USER", _PROPERTIES)
        blank: dict[str, Value] = {"LOGIN_NAME": name.own, "DISABLED": False, "MUST_CHANGE_PASSWORD": False}
        properties = {each: blank.get(each, "") for each in names}
    else:
        statement.expect("SET")
        properties = read_properties(statement, "USER", _PROPERTIES)
    session.store.put(_with(kept, properties))
    return succeeded()


def drop_user(session: Session, statement: Statement) -> Reply:
    """DROP USER, and the roles that were granted to it."""
    mention = read_mention(statement, "DROP", "USER")
    statement.end()
    name = Name(mention.name)
    if settled := mention.settle("User", name, exists=session.store.find(User, name) is not None):
        return settled
    for grant in session.store.all(Grant):
        if (grant.grantee_kind, grant.grantee) == ("USER", name.own):
            session.store.remove(Grant, grant.name)
    session.store.remove(User, name)
    return dropped(name)


def show_users(session: Session, statement: Statement) -> Reply:
    """SHOW USERS."""
    listing = read_listing(session, statement, "USERS", depth=1)
    kept = {each.name: each for each in session.store.all(User)}
    return table(_USERS, (_row(session, kept[name]) for name in listing.choose(kept)))


def describe_user(session: Session, statement: Statement) -> Reply:
    """DESCRIBE USER: its properties, the fingerprints of its keys among them."""
    name = Name(read_description(statement, "USER"))
    statement.end()
    kept = session.store.find(User, name)
    if kept is None:
        raise missing("User", str(name))
    told: dict[str, str] = {
        "NAME": name.own,
        "COMMENT": kept.comment,
        "LOGIN_NAME": kept.login_name,
        **{each: kept.options.get(each, "") for each in sorted(_TEXTS)},
        "PASSWORD": "********" if kept.password_hash else "",
        "DISABLED": str(kept.disabled).lower(),
        "RSA_PUBLIC_KEY": kept.public_keys[0],
        "RSA_PUBLIC_KEY_FP": fingerprint(kept.public_keys[0]),
        "RSA_PUBLIC_KEY_2": kept.public_keys[1],
        "RSA_PUBLIC_KEY_2_FP": fingerprint(kept.public_keys[1]),
    }
    return table(_DESCRIPTION, ([key, value or "null", "null", ""] for key, value in told.items()))


def _with(kept: User, properties: dict[str, Value]) -> User:
    said = {name: text_of(properties, name) for name in properties if name in _TEXTS}
    options = {name: value for name, value in {**kept.options, **said}.items() if value}
    if options.get("TYPE", "PERSON").upper() not in _TYPES:
        raise invalid_value(options["TYPE"], "TYPE")
    password = kept.password_hash
    if "PASSWORD" in properties:
        text = text_of(properties, "PASSWORD")
        password = hash_password(text) if text else ""
    if options.get("TYPE", "").upper() == "SERVICE" and properties.get("PASSWORD"):
        raise invalid_value("PASSWORD", "TYPE = SERVICE")
    first, second = (
        _key(properties, name) if name in properties else kept.public_keys[at] for at, name in enumerate(_KEYS)
    )
    return replace(
        kept,
        login_name=text_of(properties, "LOGIN_NAME", kept.login_name).upper(),
        password_hash=password,
        public_keys=(first, second),
        disabled=flag_of(properties, "DISABLED", default=kept.disabled),
        options=options,
        comment=text_of(properties, "COMMENT", kept.comment),
    )


def _key(properties: dict[str, Value], name: str) -> str:
    text = text_of(properties, name)
    return read_public_key(text) if text else ""


def _row(session: Session, kept: User) -> list[Cell]:
    def said(name: str) -> str:
        return kept.options.get(name, "")

    return [
        kept.name.own, kept.created_on, kept.login_name, said("DISPLAY_NAME") or kept.name.own, said("FIRST_NAME"),
        said("LAST_NAME"), said("EMAIL"), "", "", kept.comment, str(kept.disabled).lower(), "false", "false",
        said("DEFAULT_WAREHOUSE"), said("DEFAULT_NAMESPACE"), said("DEFAULT_ROLE"), "", "false", "", "",
        session.authority.owner("USER", kept.name), None, None, None, str(bool(kept.password_hash)).lower(),
        str(any(kept.public_keys)).lower(), said("TYPE").upper(), "false",
    ]  # fmt: skip
