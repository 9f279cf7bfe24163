"""File formats: preview resources of the official plug-in, a type for each kind of file."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.plugins.snowflake.cloud import Snowflake
from sandbox.plugins.snowflake.settings import Setting, clauses, properties
from sandbox.plugins.snowflake.sql import comment, quoted, same_name, text, unquoted
from sandbox.plugins.table import FORCE_NEW, PLAIN, Property, Row
from sandbox.plugins.wire import Properties

_WORD = "word"
_SHARED: Mapping[str, Setting] = {
    "compression": Setting("COMPRESSION", _WORD),
    "nullIfs": Setting("NULL_IF", "list", Property(computed=True)),
    "replaceInvalidCharacters": Setting("REPLACE_INVALID_CHARACTERS", _WORD),
    "trimSpace": Setting("TRIM_SPACE", _WORD),
}
_TEXTUAL: Mapping[str, Setting] = {
    "dateFormat": Setting("DATE_FORMAT"),
    "timeFormat": Setting("TIME_FORMAT"),
    "timestampFormat": Setting("TIMESTAMP_FORMAT"),
    "binaryFormat": Setting("BINARY_FORMAT", _WORD),
    "fileExtension": Setting("FILE_EXTENSION"),
    "multiLine": Setting("MULTI_LINE", _WORD),
    "skipByteOrderMark": Setting("SKIP_BYTE_ORDER_MARK", _WORD),
}
_EXACT = Property(computed=True)
_SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "Csv": {
        **_SHARED,
        **_TEXTUAL,
        "recordDelimiter": Setting("RECORD_DELIMITER", "text", _EXACT),
        "fieldDelimiter": Setting("FIELD_DELIMITER", "text", _EXACT),
        "skipHeader": Setting("SKIP_HEADER", _WORD),
        "parseHeader": Setting("PARSE_HEADER", _WORD),
        "skipBlankLines": Setting("SKIP_BLANK_LINES", _WORD),
        "escape": Setting("ESCAPE", "text", _EXACT),
        "escapeUnenclosedField": Setting("ESCAPE_UNENCLOSED_FIELD", "text", _EXACT),
        "fieldOptionallyEnclosedBy": Setting("FIELD_OPTIONALLY_ENCLOSED_BY", "text", _EXACT),
        "errorOnColumnCountMismatch": Setting("ERROR_ON_COLUMN_COUNT_MISMATCH", _WORD),
        "emptyFieldAsNull": Setting("EMPTY_FIELD_AS_NULL", _WORD),
        "encoding": Setting("ENCODING"),
    },
    "Json": {
        **_SHARED,
        **_TEXTUAL,
        "enableOctal": Setting("ENABLE_OCTAL", _WORD),
        "allowDuplicate": Setting("ALLOW_DUPLICATE", _WORD),
        "stripOuterArray": Setting("STRIP_OUTER_ARRAY", _WORD),
        "stripNullValues": Setting("STRIP_NULL_VALUES", _WORD),
        "ignoreUtf8Errors": Setting("IGNORE_UTF8_ERRORS", _WORD),
    },
    "Parquet": {
        **_SHARED,
        "binaryAsText": Setting("BINARY_AS_TEXT", _WORD),
        "useLogicalType": Setting("USE_LOGICAL_TYPE", _WORD),
        "useVectorizedScanner": Setting("USE_VECTORIZED_SCANNER", _WORD),
    },
}


def _create(kind: str, snowflake: Snowflake, inputs: Properties) -> str:
    identifier = quoted(*unquoted(inputs["database"]), *unquoted(inputs["schema"]), inputs["name"])
    options = clauses(_SETTINGS[kind], inputs)
    snowflake.run(f"CREATE FILE FORMAT {identifier} TYPE = {kind.upper()}{options}{comment(inputs)}")
    return identifier


def _read(kind: str, snowflake: Snowflake, identifier: str) -> Properties | None:
    database, schema, name = unquoted(identifier)
    row = snowflake.find(f"SHOW FILE FORMATS LIKE {text(name)} IN SCHEMA {quoted(database, schema)}", name)
    if row is None or str(row["type"]).upper() != kind.upper():
        return None
    described = {
        each["property"]: each["property_value"] for each in snowflake.run(f"DESCRIBE FILE FORMAT {identifier}")
    }
    return {
        "name": name,
        "database": database,
        "schema": schema,
        "fullyQualifiedName": identifier,
        "comment": row.get("comment") or None,
        **{prop: setting.read(described.get(setting.name)) for prop, setting in _SETTINGS[kind].items()},
    }


def _update(kind: str, snowflake: Snowflake, identifier: str, state: Properties, inputs: Properties) -> None:
    if changed := clauses(_SETTINGS[kind], inputs, state):
        snowflake.run(f"ALTER FILE FORMAT {identifier} SET{changed}")
    if inputs.get("comment") != state.get("comment"):
        change = f"SET{comment(inputs)}" if inputs.get("comment") else "UNSET COMMENT"
        snowflake.run(f"ALTER FILE FORMAT {identifier} {change}")


def _row(kind: str) -> Row[Snowflake]:
    place = Property(replaces=True, same=same_name)
    return Row(
        type=f"snowflake:index/fileFormat{kind}:FileFormat{kind}",
        properties={
            "name": FORCE_NEW, "database": place, "schema": place, "comment": PLAIN, **properties(_SETTINGS[kind]),
        },
        create=lambda snowflake, inputs: _create(kind, snowflake, inputs),
        read=lambda snowflake, identifier: _read(kind, snowflake, identifier),
        update=lambda snowflake, identifier, state, inputs: _update(kind, snowflake, identifier, state, inputs),
        delete=lambda snowflake, identifier, _state: _drop(snowflake, identifier),
        auto_name="name",
        preview_feature=f"snowflake_file_format_{kind.lower()}_resource",
    )  # fmt: skip


def _drop(snowflake: Snowflake, identifier: str) -> None:
    snowflake.run(f"DROP FILE FORMAT IF EXISTS {identifier}")


ROWS: tuple[Row[Snowflake], ...] = tuple(_row(kind) for kind in _SETTINGS)
