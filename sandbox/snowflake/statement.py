"""Reading one statement: sqlglot's tokens under a cursor, with the pieces that Snowflake's statements are made of."""

from __future__ import annotations

from sqlglot import TokenType
from sqlglot.errors import SqlglotError

from sandbox.snowflake.errors import SnowflakeError, syntax_error
from sandbox.snowflake.names import Name
from sandbox.snowflake.pieces import Piece, pieces_of
from sandbox.snowflake.stage_reference import StageReference, split_stage_text

Scalar = str | int | bool
"""A text, a word, a number or a truth value."""

Option = Scalar | list[Scalar]
"""What an option inside parentheses may be set to."""

Value = Option | dict[str, Option]
"""What a property of a statement may be set to."""


class Statement:
    """A cursor over one statement. What does not fit is refused with a syntax error that tells its place."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._pieces = pieces_of(text)
        except SqlglotError as error:
            raise SnowflakeError(1003, "42000", f"SQL compilation error:\n{error}") from error
        while self._pieces and self._pieces[-1].kind is TokenType.SEMICOLON:
            self._pieces.pop()
        self._at = 0

    def leading_words(self, limit: int = 4) -> list[str]:
        """Give the first bare words, upper case, without moving."""
        words: list[str] = []
        for piece in self._pieces[:limit]:
            if not piece.is_word:
                break
            words.append(piece.text.upper())
        return words

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self._at >= len(self._pieces)

    def peek(self, ahead: int = 0) -> Piece | None:
        """Give the next piece, or the one `ahead` of it, without moving."""
        at = self._at + ahead
        return self._pieces[at] if at < len(self._pieces) else None

    def next_is(self, *words: str) -> bool:
        """Tell whether these bare words or signs come next."""
        for ahead, word in enumerate(words):
            piece = self.peek(ahead)
            if piece is None or piece.is_quoted or piece.is_text or piece.text.upper() != word:
                return False
        return True

    def accept(self, *words: str) -> bool:
        """Move over these words or signs when they come next, and tell whether they did."""
        if not self.next_is(*words):
            return False
        self._at += len(words)
        return True

    def accept_any(self, *words: str) -> str | None:
        """Move over the one of these words that comes next, if any does."""
        return next((word for word in words if self.accept(word)), None)

    def expect(self, *words: str) -> None:
        """Move over these words or signs, which must come next."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def end(self) -> None:
        """Refuse what is left unread."""
        if not self.at_end:
            raise self.unexpected()

    def unexpected(self) -> SnowflakeError:
        """Make the syntax error for the next piece."""
        piece = self.peek()
        start = piece.start if piece else len(self.text)
        found = self.text[piece.start : piece.end] if piece else "<EOF>"
        line = self.text.count("\n", 0, start) + 1
        return syntax_error(found, line, start - (self.text.rfind("\n", 0, start) + 1))

    def identifier(self) -> str:
        """Read one identifier: as typed in quotes, upper case without."""
        piece = self.peek()
        if piece is None or not (piece.is_quoted or piece.is_word):
            raise self.unexpected()
        self._at += 1
        return piece.text if piece.is_quoted else piece.text.upper()

    def identifiers(self) -> tuple[str, ...]:
        """Read an identifier with what qualifies it, `database.schema.name` or less."""
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        return tuple(parts)

    def column_list(self) -> tuple[str, ...]:
        """Read `(a, b, c)`."""
        self.expect("(")
        names = [self.identifier()]
        while self.accept(","):
            names.append(self.identifier())
        self.expect(")")
        return tuple(names)

    def number(self) -> int:
        """Read a whole number."""
        piece = self.peek()
        if piece is None or piece.kind is not TokenType.NUMBER or not piece.text.isdecimal():
            raise self.unexpected()
        self._at += 1
        return int(piece.text)

    def string(self) -> str:
        """Read a text in single quotes or dollar signs."""
        piece = self.peek()
        if piece is None or not piece.is_text:
            raise self.unexpected()
        self._at += 1
        return piece.text

    def expression(self) -> str:
        """Read one value expression as typed: a literal, a name or a call, with a sign or a cast."""
        first = self.peek()
        if first is None:
            raise self.unexpected()
        depth, end = 0, first.start
        while (piece := self.peek()) is not None:
            if depth == 0 and (piece.text in {",", ")"} or (end > first.start and self._begins_anew(piece))):
                break
            depth += {"(": 1, ")": -1}.get(piece.text, 0) if not piece.is_text else 0
            end = piece.end
            self._at += 1
        return self.text[first.start : end]

    def _begins_anew(self, piece: Piece) -> bool:
        """Tell whether a piece starts the next clause: a word or text that no sign joins to what was read."""
        before = self._pieces[self._at - 1]
        joined = before.text in {"::", "+", "-", "*", "/", "||", ".", "(", ","} and not before.is_text
        return (piece.is_word or piece.is_text or piece.is_quoted) and not joined

    def text_before(self, word: str) -> str:
        """Give what comes before a bare word outside parentheses as it was typed, and move to the word."""
        first, depth, end = self.peek(), 0, 0
        while (piece := self.peek()) is not None and not (depth == 0 and self.next_is(word)):
            depth += {"(": 1, ")": -1}.get(piece.text, 0) if not piece.is_text else 0
            end = piece.end
            self._at += 1
        if first is None or not end:
            raise self.unexpected()
        return self.text[first.start : end]

    def rest(self) -> str:
        """Give all that is left as it was typed, and move to the end."""
        piece = self.peek()
        if piece is None:
            raise self.unexpected()
        text = self.text[piece.start : self._pieces[-1].end]
        self._at = len(self._pieces)
        return text

    def stage(self) -> StageReference:
        """Read `@stage/path`, bare or in single quotes."""
        piece = self.peek()
        if piece is not None and piece.is_text:
            if not piece.text.startswith("@"):
                raise self.unexpected()
            self._at += 1
            head, slash, path = split_stage_text(piece.text)
            inner = Statement(head).stage()
            return StageReference(inner.name, path if slash else "")
        self.expect("@")
        name = self.identifiers()
        slash = self.peek()
        if slash is None or slash.text != "/" or slash.start != self._pieces[self._at - 1].end:
            return StageReference(name, "")
        end = slash.end
        self._at += 1
        while (following := self.peek()) and following.start == end and following.text not in {"(", ")", ",", ";"}:
            end = following.end
            self._at += 1
        return StageReference(name, self.text[slash.end : end])

    def properties(self) -> dict[str, Value]:
        """Read `NAME = value` as often as it comes, with or without commas between."""
        read: dict[str, Value] = {}
        while True:
            word, sign = self.peek(), self.peek(1)
            if word is None or not (word.is_word or word.is_quoted) or sign is None or sign.text != "=" or sign.is_text:
                return read
            self._at += 2
            name, value = word.text if word.is_quoted else word.text.upper(), self.peek()
            if name == "FORMAT_NAME" and value is not None and not value.is_text:
                read[name] = str(Name(self.identifiers()))  # a name as SQL, as it is in single quotes
            else:
                read[name] = self._value()
            self.accept(",")

    def options(self) -> dict[str, Option]:
        """Read properties none of which holds further ones."""
        read: dict[str, Option] = {}
        for name, value in self.properties().items():
            if isinstance(value, dict):
                raise self.unexpected()
            read[name] = value
        return read

    def _value(self) -> Value:
        return self._parenthesised() if self.next_is("(") else self._scalar()

    def _scalar(self) -> Scalar:
        piece = self.peek()
        if piece is None:
            raise self.unexpected()
        if piece.is_text:
            return self.string()
        if piece.kind is TokenType.NUMBER or self.next_is("-"):
            return -self.number() if self.accept("-") else self.number()
        if self.accept("TRUE"):
            return True
        if self.accept("FALSE"):
            return False
        parts = self.identifiers()
        word = parts[0] if len(parts) == 1 else str(Name(parts))
        return f"{word}%" if self.accept("%") else word  # as in SKIP_FILE_10%

    def _parenthesised(self) -> Value:
        self.expect("(")
        word, sign = self.peek(), self.peek(1)
        if word is not None and (word.is_word or word.is_quoted) and sign is not None and sign.text == "=":
            named = self.options()
            self.expect(")")
            return named
        listed: list[Scalar] = []
        while not self.accept(")"):
            listed.append(self._scalar())
            if not self.next_is(")"):
                self.expect(",")
        return listed
