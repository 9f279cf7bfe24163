"""What a statement needs, told from the statement itself, before anything is done.

One table for the statements that make, change, drop and describe objects; loads, and queries and changes of rows, have
a function each. SHOW leaves out what a role does not see (`clauses.read_listing`), GRANT looks for itself.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import Expr, exp

from sandbox.snowflake.copying import parse_copy, table_name
from sandbox.snowflake.errors import SnowflakeError, denied, missing
from sandbox.snowflake.load_rights import require_load
from sandbox.snowflake.names import Name
from sandbox.snowflake.privileges import IN_SCHEMA, OWNERSHIP, THE_ACCOUNT
from sandbox.snowflake.reply import Reply, status
from sandbox.snowflake.session import Session
from sandbox.snowflake.staged_query import stage_reference
from sandbox.snowflake.statement import Statement
from sandbox.snowflake.subject import Subject, exists, subject_of

Settlement = Reply | Callable[[], None] | None
"""A reply that ends the statement at once, or what is left to do once it went well."""


def admit_statement(session: Session, sql: str) -> Settlement:
    """Refuse a statement that the session's roles may not give. Raises SnowflakeError in Snowflake's words."""
    statement = Statement(sql)
    words = statement.leading_words(limit=2)
    if words[:1] == ["COPY"]:
        _require_copy(session, statement)
    elif words[:1] in (["LIST"], ["LS"], ["REMOVE"], ["RM"]):
        _require_listing(session, statement, remove=words[0] in {"REMOVE", "RM"})
    elif (subject := subject_of(session, statement)) is not None:
        return _ADMISSIONS[subject.verb](session, subject, statement)
    return None


def require_relations(session: Session, query: Expr) -> None:
    """Refuse a query, or a change of rows, over tables and views that the session's roles may not use so."""
    targets = _targets(query)
    common = {cte.alias for cte in query.find_all(exp.CTE)}
    for relation in query.find_all(exp.Table):
        if not isinstance(relation.this, exp.Identifier):
            _require_stage(session, relation)
            continue
        parts = tuple(_spelled(part) for part in relation.parts if isinstance(part, exp.Identifier))
        if len(parts) == 1 and relation.name in common:
            continue
        if id(relation) in targets and targets[id(relation)] is None:
            continue
        wanted = targets.get(id(relation)) or ("SELECT",)
        _require_relation(session, parts, wanted)


def _require_stage(session: Session, relation: exp.Table) -> None:
    """Refuse a query over files of a stage that the session's roles may not use."""
    if isinstance(relation.this, exp.Var | exp.Literal) and relation.name.startswith("@"):
        name = session.object_name(stage_reference(relation.name).name, "SELECT")
        session.require("STAGE", name, "USAGE", "READ")


def _require_relation(session: Session, parts: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    if len(parts) < 3 and (session.database is None or (len(parts) == 1 and session.schema is None)):  # noqa: PLR2004
        return  # the engine says that there is no current database or schema
    name = session.object_name(parts)
    if name.schema.upper() == "INFORMATION_SCHEMA":
        session.require("DATABASE", Name.of(name.database), *_ANYTHING)
        return
    kind = "VIEW" if session.authority.is_known("VIEW", name) else "TABLE"
    for privilege in wanted:
        try:
            session.require(kind, name, privilege)
        except SnowflakeError as error:
            if error.number != _HIDDEN:
                raise
            raise SnowflakeError(
                _HIDDEN, "42S02", f"SQL compilation error:\nObject '{name}' does not exist or not authorized."
            ) from error


_HIDDEN = 2003
_ANYTHING = ("USAGE", "MONITOR", "MODIFY", "CREATE SCHEMA")


def _spelled(part: exp.Identifier) -> str:
    return part.name if part.args.get("quoted") else part.name.upper()


def _targets(query: Expr) -> dict[int, tuple[str, ...] | None]:
    """Give what is needed on the tables that a statement changes; None on those whose making was looked at before."""
    found: dict[int, tuple[str, ...] | None] = {}
    for node in query.find_all(
        exp.Insert,
        exp.Update,
        exp.Delete,
        exp.Merge,
        exp.Create,
        exp.Drop,
        exp.Alter,
        exp.Describe,
        exp.Show,
        exp.Comment,
    ):
        wanted: tuple[str, ...] | None = None
        match node:
            case exp.Insert():
                wanted = ("INSERT", "DELETE") if node.args.get("overwrite") else ("INSERT",)
            case exp.Update():
                wanted = ("UPDATE",)
            case exp.Delete():
                wanted = ("DELETE",)
            case exp.Comment():
                wanted = (OWNERSHIP,)
            case exp.Merge():
                whens = node.find_all(exp.When)
                done = {type(when.args.get("then")).__name__.upper() for when in whens}
                wanted = tuple({"INSERT", "UPDATE", "DELETE"} & done | ({"DELETE"} if "VAR" in done else set()))
            case _:
                pass
        if wanted == ():
            wanted = ("SELECT",)
        target = node.this.this if isinstance(node.this, exp.Schema) else node.this
        if isinstance(target, exp.Table):
            found[id(target)] = wanted
    return found


def _admit_creation(session: Session, subject: Subject, statement: Statement) -> Settlement:
    kind, name = subject.kind, subject.name
    there = exists(session, kind, name)
    _require_place(session, kind, name)
    if there and subject.replaces:
        session.require(kind, name)
    if kind == "STAGE":
        _require_integration(session, statement)
    elif kind == "PIPE":
        _require_pipe(session, name, statement)
    if there and not subject.replaces:
        return None

    def settle() -> None:
        session.authority.own(kind, name, session.role)
        if kind == "DATABASE":
            session.authority.own("SCHEMA", Name.of(name.own, "PUBLIC"), session.role)

    return settle


def _require_place(session: Session, kind: str, name: Name) -> None:
    """Refuse to make an object where the role may not. The session's other roles do not count here."""
    roles = session.authority.roles_of(session.role)
    if len(name.parts) == 1:
        session.authority.require(roles, "ACCOUNT", THE_ACCOUNT, f"CREATE {kind}")
        return
    for holder_kind, depth in (("DATABASE", 1), ("SCHEMA", 2))[: len(name.parts) - 1]:
        holder = Name(name.parts[:depth])
        if not session.sees(holder_kind, holder):
            raise missing(holder_kind, str(holder))
    holder_kind = "SCHEMA" if kind in IN_SCHEMA else "DATABASE"
    if not session.authority.holds(roles, [f"CREATE {kind}"], holder_kind, name.holder):
        raise denied(holder_kind, name.holder.own)


def _require_integration(session: Session, statement: Statement) -> None:
    """Refuse a stage that names an integration which the session's roles may not use."""
    named = statement.properties().get("STORAGE_INTEGRATION")
    if isinstance(named, str) and named:
        name = Name.of(named)
        if exists(session, "INTEGRATION", name) and not session.authority.holds(
            session.roles, ["USAGE"], "INTEGRATION", name
        ):
            raise denied("INTEGRATION", named)


def _require_pipe(session: Session, name: Name, statement: Statement) -> None:
    statement.properties()
    statement.expect("AS")
    command = parse_copy(Statement(statement.rest()))
    require_load(session.authority, session.roles, command, name.holder)
    session.require("TABLE", table_name(command, name.holder), "SELECT")


def _admit_change(session: Session, subject: Subject, statement: Statement) -> Settlement:
    if subject.if_exists and not session.sees(subject.kind, subject.name):
        return _nothing_there(subject)
    session.require(subject.kind, subject.name, *_needed_to_change(subject.kind, statement))
    if subject.kind == "STAGE" and statement.accept("SET"):
        _require_integration(session, statement)
    return None


def _needed_to_change(kind: str, statement: Statement) -> tuple[str, ...]:
    """Give what does for an ALTER in an owner's place."""
    if kind == "PIPE":
        pauses = statement.next_is("SET", "PIPE_EXECUTION_PAUSED") or statement.next_is(
            "UNSET", "PIPE_EXECUTION_PAUSED"
        )
        return ("OPERATE",) if pauses or statement.next_is("REFRESH") else ()
    if kind == "WAREHOUSE" and (statement.next_is("SUSPEND") or statement.next_is("RESUME")):
        return ("OPERATE",)
    if kind in {"DATABASE", "SCHEMA", "WAREHOUSE"} and (statement.next_is("SET") or statement.next_is("UNSET")):
        return ("MODIFY",)
    return ()


def _admit_drop(session: Session, subject: Subject, _: Statement) -> Settlement:
    if subject.if_exists and not session.sees(subject.kind, subject.name):
        return _nothing_there(subject)
    session.require(subject.kind, subject.name)
    return lambda: session.authority.forget(subject.kind, subject.name)


def _admit_truncation(session: Session, subject: Subject, _: Statement) -> Settlement:
    if subject.if_exists and not session.sees(subject.kind, subject.name):
        return _nothing_there(subject)
    session.require(subject.kind, subject.name, "TRUNCATE")
    return None


def _admit_description(session: Session, subject: Subject, _: Statement) -> Settlement:
    if not session.sees(subject.kind, subject.name):
        raise missing(subject.kind, str(subject.name))
    return None


def _nothing_there(subject: Subject) -> Reply:
    return status(f"Drop statement executed successfully ({subject.name.own} already dropped).")


_ADMISSIONS: dict[str, Callable[[Session, Subject, Statement], Settlement]] = {
    "CREATE": _admit_creation,
    "ALTER": _admit_change,
    "DROP": _admit_drop,
    "TRUNCATE": _admit_truncation,
    "DESCRIBE": _admit_description,
}


def _require_copy(session: Session, statement: Statement) -> None:
    command = parse_copy(statement)
    if None in (session.database, session.schema) and 3 not in {len(command.table), len(command.stage.name)}:  # noqa: PLR2004
        return  # the statement says that there is no current database or schema
    home = Name(tuple(part or "" for part in (session.database, session.schema)))
    require_load(session.authority, session.roles, command, home)


def _require_listing(session: Session, statement: Statement, *, remove: bool) -> None:
    statement.accept_any("LIST", "LS", "REMOVE", "RM")
    name = session.object_name(statement.stage().name, "LIST")
    session.require("STAGE", name, *(("USAGE", "WRITE") if remove else ("USAGE", "READ")))
