"""Snowflake's own errors: their numbers, SQL states and wording."""

from __future__ import annotations


class SnowflakeError(Exception):
    """A statement that Snowflake refuses, with what its clients are told."""

    def __init__(self, number: int, sql_state: str, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.sql_state = sql_state
        self.message = message

    @property
    def code(self) -> str:
        """The number as the wire carries it, six digits."""
        return f"{self.number:06d}"


def syntax_error(found: str, line: int, position: int) -> SnowflakeError:
    """Refuse a statement at the word where it stops making sense."""
    where = f"syntax error line {line} at position {position}"
    return SnowflakeError(1003, "42000", f"SQL compilation error:\n{where} unexpected '{found}'.")


def unsupported(feature: str) -> SnowflakeError:
    """Refuse a feature that the sandbox does not have."""
    return SnowflakeError(2, "0A000", f"Unsupported feature '{feature}'.")


def missing(kind: str, name: str) -> SnowflakeError:
    """Refuse a statement about an object that is not there."""
    return SnowflakeError(
        2003, "02000", f"SQL compilation error:\n{kind.capitalize()} '{name}' does not exist or not authorized."
    )


def absent() -> SnowflakeError:
    """Refuse a statement about an object that is not there, where Snowflake does not name it."""
    return SnowflakeError(
        2043, "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed."
    )


def denied(kind: str, name: str) -> SnowflakeError:
    """Refuse a role that sees an object and may not do this with it."""
    return SnowflakeError(
        3001, "42501", f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'"
    )


def ungranted() -> SnowflakeError:
    """Refuse a GRANT or a REVOKE of a role that may not give the privilege away."""
    return SnowflakeError(3102, "42501", "Grant not executed: Insufficient privileges.")


def taken(name: str) -> SnowflakeError:
    """Refuse to create an object under a name that is in use."""
    return SnowflakeError(2002, "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def nowhere(action: str, what: str) -> SnowflakeError:
    """Refuse an unqualified name in a session without a current database or schema (`what`)."""
    number = 90105 if what == "database" else 90106
    return SnowflakeError(
        number,
        "22000",
        f"Cannot perform {action}. This session does not have a current {what}. "
        f"Call 'USE {what.upper()}', or use a qualified name.",
    )


def invalid_property(name: str, kind: str) -> SnowflakeError:
    """Refuse a property that this kind of object does not have."""
    return SnowflakeError(1420, "22023", f"SQL compilation error:\ninvalid property '{name}' for '{kind}'")


def invalid_value(value: object, name: str) -> SnowflakeError:
    """Refuse a property's value."""
    return SnowflakeError(1008, "22023", f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")


def internal(cause: BaseException) -> SnowflakeError:
    """Tell of a fault of the sandbox itself, as an error that no client retries."""
    return SnowflakeError(
        603, "XX000", f"SQL execution internal error:\nProcessing aborted by {type(cause).__name__}: {cause}"
    )
