"""The pieces of a statement: sqlglot's tokens, so told apart that each word can be read alone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import TokenType, tokenize

_TEXT = {TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING}


@dataclass(frozen=True)
class Piece:
    """One token: a word, a quoted identifier, a text, a number or a sign."""

    kind: TokenType
    text: str
    start: int
    end: int

    @property
    def is_quoted(self) -> bool:
        """Whether it is an identifier in double quotes."""
        return self.kind is TokenType.IDENTIFIER

    @property
    def is_text(self) -> bool:
        """Whether it is a text in single quotes or dollar signs."""
        return self.kind in _TEXT

    @property
    def is_word(self) -> bool:
        """Whether it is a bare word, a keyword or an unquoted identifier."""
        return not self.is_quoted and not self.is_text and (self.text[:1].isalpha() or self.text[:1] == "_")


def pieces_of(text: str) -> list[Piece]:
    """Tokenize; a keyword of several words (`FILE FORMAT`) comes apart, so that each word can be read alone."""
    pieces: list[Piece] = []
    for token in tokenize(text, read="snowflake"):
        piece = Piece(token.token_type, token.text, token.start, token.end + 1)
        if not piece.is_word or " " not in token.text.strip():
            pieces.append(piece)
            continue
        at = token.start
        for word in token.text.split():
            at = text.index(word, at)
            pieces.append(Piece(TokenType.VAR, word, at, at + len(word)))
            at += len(word)
    return pieces
