"""What is left to the engine: queries, changes of rows, and the few objects that it keeps itself."""

from __future__ import annotations

import sqlglot
from sqlglot import Expr, exp
from sqlglot.errors import ParseError, SqlglotError

from sandbox.snowflake.errors import SnowflakeError, syntax_error, unsupported
from sandbox.snowflake.statement import Statement

_QUERIES = (exp.Query, exp.Values, exp.Show, exp.Describe)
_CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Comment, exp.Put)
_SESSION = (exp.Transaction, exp.Commit, exp.Rollback, exp.Set)
_KINDS = {"TABLE", "VIEW", "SEQUENCE", "SESSION", "TAG"}
"""The objects that CREATE, ALTER and DROP may be about in a statement for the engine."""
_DESCRIBED = {"NONE", "TABLE", "VIEW"}
"""Those that DESCRIBE may be about; it may leave the word out."""


def admit(sql: str) -> Expr:
    """Parse a statement that no family of ours answers, and refuse at once what the engine has no answer to either."""
    try:
        parsed = sqlglot.parse_one(sql, read="snowflake")
    except ParseError as error:
        raise _syntax_error(sql, error) from error
    except SqlglotError as error:
        raise SnowflakeError(1003, "42000", f"SQL compilation error:\n{error}") from error
    if isinstance(parsed, exp.Describe) and str(parsed.args.get("kind")).upper() not in _DESCRIBED:
        raise unsupported(" ".join(Statement(sql).leading_words(limit=2)))
    if isinstance(parsed, (*_QUERIES, *_CHANGES, *_SESSION)):
        return parsed
    if isinstance(parsed, (exp.Create, exp.Alter, exp.Drop)) and str(parsed.args.get("kind")).upper() in _KINDS:
        return parsed
    statement = Statement(sql)
    if isinstance(parsed, (exp.Command, exp.Create, exp.Alter, exp.Drop, exp.Undrop)):
        raise unsupported(" ".join(statement.leading_words(limit=2)))
    raise statement.unexpected()


def is_query(sql: str) -> bool:
    """Tell whether a statement only reads, and so need not wait for others."""
    words = Statement(sql).leading_words(limit=1)
    return not words or words[0] in {"SELECT", "WITH", "SHOW", "DESC", "DESCRIBE", "VALUES"}


def _syntax_error(sql: str, error: ParseError) -> SnowflakeError:
    first = error.errors[0] if error.errors else {}
    found = first.get("highlight") or "<EOF>"
    line, column = first.get("line") or 1, first.get("col") or len(sql)
    return syntax_error(found, line, max(column - len(found), 0))
