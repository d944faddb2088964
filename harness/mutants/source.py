"""Reads one C file as far as a mutation needs it: functions, statements, initialisers, requirement tags.

It is no C parser. It knows our house style: one statement a line or a few, no nested functions, checks on one
line with their `@req`. What it does not understand it leaves alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

LEXEME = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<str>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<num>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)
      | (?P<id>[A-Za-z_]\w*)
      | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\s\w])
    """,
    re.DOTALL | re.VERBOSE,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)
CONSTANT = re.compile(r"#\s*define\s+(\w+)\s(.*)", re.DOTALL)
TAG = re.compile(r"@req\s+([A-Z0-9-]+(?:\s*,\s*[A-Z0-9-]+)*)")
OPEN, CLOSE = "([{", ")]}"
TYPE_WORDS = frozenset(
    (
        *("const", "static", "struct", "enum", "union", "unsigned", "signed"),
        *("char", "int", "long", "short", "bool", "size_t", "void"),
    )
)
PROOFS = frozenset(("_Static_assert", "static_assert"))


class Token(NamedTuple):
    """A lexeme and its place in the file."""

    kind: str
    text: str
    start: int
    end: int
    line: int  # from 1


@dataclass(frozen=True)
class Piece:
    """A statement, the condition of one, an initialiser at file scope, or the value of a #define."""

    role: str  # condition, loop, effect, return, case return, declaration, data, define
    where: str  # the function; at file scope the name that is defined
    text: str  # of the whole statement, for people and ids
    tokens: tuple[Token, ...]
    block: int  # pieces of one number lie in the same block


@dataclass
class Source:
    """One C file, taken apart."""

    text: str
    pieces: list[Piece] = field(default_factory=list)
    tags: dict[int, tuple[str, ...]] = field(default_factory=dict)  # line -> requirements


def lex(text: str) -> list[Token]:
    """The tokens of TEXT without comments and preprocessor lines."""
    blank = DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    tokens = []
    line, at = 1, 0
    for found in LEXEME.finditer(blank):
        line += blank.count("\n", at, found.start())
        at = found.start()
        if found.lastgroup != "comment":
            tokens.append(Token(str(found.lastgroup), found[0], found.start(), found.end(), line))
    return tokens


def closing(tokens: list[Token] | tuple[Token, ...], i: int) -> int:
    """The index of the bracket that closes the one at I."""
    depth = 0
    for j in range(i, len(tokens)):
        if tokens[j].kind != "op":
            continue
        depth += (tokens[j].text in OPEN) - (tokens[j].text in CLOSE)
        if depth == 0:
            return j
    raise ValueError(f"line {tokens[i].line}: {tokens[i].text} is never closed")


class _Reader:
    """Walks over the tokens of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = lex(source.text)
        self.where = ""
        self.blocks = 0

    def text(self, first: int, last: int) -> str:
        """The code from token FIRST to token LAST on one line, without comments."""
        raw = self.source.text[self.tokens[first].start : self.tokens[last].end]
        return " ".join(re.sub(r"/\*.*?\*/", " ", raw, flags=re.DOTALL).split())

    def add(self, role: str, first: int, last: int, text: str, block: int) -> None:
        """A piece of the tokens FIRST up to LAST, without LAST."""
        tokens = tuple(self.tokens[first:last])
        if tokens:
            self.source.pieces.append(Piece(role, self.where, text, tokens, block))

    def end_of_simple(self, i: int) -> int:
        """The index of the semicolon that ends the statement or declaration at I."""
        while self.tokens[i].text != ";":
            i = closing(self.tokens, i) + 1 if self.tokens[i].text in OPEN else i + 1
        return i

    def file(self) -> None:
        """Everything at file scope."""
        i = 0
        while i < len(self.tokens):
            i = self.outer(i)

    def outer(self, i: int) -> int:
        """One function, declaration or macro call at file scope; gives the index behind it."""
        j, parameters = i, ""
        while self.tokens[j].text not in ("{", ";"):
            if self.tokens[j].text == "(" and not parameters:
                parameters = self.tokens[j - 1].text
            if self.tokens[j].text == "=":
                break
            j = closing(self.tokens, j) + 1 if self.tokens[j].text in OPEN else j + 1
        if self.tokens[j].text == "{" and parameters:
            self.where = parameters
            end = self.block(j)
            self.where = ""
            return end
        end = self.end_of_simple(j)
        if self.tokens[j].text != ";" and self.tokens[i].text not in PROOFS:
            self.data(i, j, end)
        return end + 1

    def data(self, i: int, j: int, end: int) -> None:
        """An enum or a variable with its value. J: the first `=` or `{`."""
        if self.tokens[j].text == "{" and self.tokens[i].text != "enum":
            k = closing(self.tokens, j)  # the type of a table comes first: static const struct { ... } name
            j = next((n for n in range(k, end) if self.tokens[n].text == "="), end)
        names = [t.text for t in self.tokens[i:j] if t.kind == "id" and t.text not in TYPE_WORDS]
        self.where = "enum" if self.tokens[i].text == "enum" else names[-1] if names else "data"
        self.rows(j, end)
        self.where = ""

    def rows(self, j: int, end: int) -> None:
        """The value of a table as one piece; its text is given by line, as it may be long."""
        self.blocks += 1
        self.add("data", j, end, "", self.blocks)

    def block(self, i: int) -> int:
        """The statements between the braces that open at I; gives the index behind the last brace."""
        end = closing(self.tokens, i)
        self.blocks += 1
        mine = self.blocks
        i += 1
        while i < end:
            i = self.statement(i, mine)
        return end + 1

    def statement(self, i: int, block: int, start: int = -1, case: bool = False) -> int:
        """One statement. START: where the statement that it belongs to began, if it is a body."""
        start = i if start < 0 else start
        word = self.tokens[i].text
        if word == "{":
            return self.block(i)
        if word in ("if", "while", "switch", "for"):
            close = closing(self.tokens, i + 1)
            simple = self.tokens[close + 1].text not in ("{", "if", "for", "while", "switch")
            last = self.end_of_simple(close + 1) if simple else close
            role = {"if": "condition", "for": "loop"}.get(word, "loop")
            if word != "switch":
                self.add(role, i + 2, close, self.text(start, last), block)
            self.blocks += 1
            after = self.statement(close + 1, self.blocks, start if simple else -1)
            if after < len(self.tokens) and self.tokens[after].text == "else":
                self.blocks += 1
                after = self.statement(after + 1, self.blocks)
            return after
        if word in ("case", "default"):
            colon = next(n for n in range(i, len(self.tokens)) if self.tokens[n].text == ":")
            if self.tokens[colon + 1].text in ("case", "default"):
                return colon + 1
            self.blocks += 1
            return self.statement(colon + 1, self.blocks, i, case=True)
        end = self.end_of_simple(i)
        if word not in PROOFS:
            self.add(self.role(i, end, case), i, end, self.text(start, end), block)
        return end + 1

    def role(self, i: int, end: int, case: bool) -> str:
        """What kind of statement the tokens from I to END are."""
        first, second = self.tokens[i], self.tokens[min(i + 1, end)]
        if first.text == "return":
            return "case return" if case else "return"
        if first.text in ("break", "continue", "goto"):
            return "jump"
        typed = first.text in TYPE_WORDS or first.text.endswith("_t")
        return "declaration" if typed or (first.kind == second.kind == "id") else "effect"


def read(text: str) -> Source:
    """TEXT, the contents of a C file, taken apart."""
    source = Source(text)
    for number, row in enumerate(text.splitlines(), 1):
        if found := TAG.search(row):
            source.tags[number] = tuple(re.split(r"\s*,\s*", found[1]))
    _Reader(source).file()
    for directive in DIRECTIVE.finditer(text):
        if not (constant := CONSTANT.match(directive[0].lstrip())):
            continue
        offset = directive.start() + directive[0].index("#") + constant.start(2)
        line = text.count("\n", 0, offset) + 1
        tokens = tuple(
            Token(str(m.lastgroup), m[0], offset + m.start(), offset + m.end(), line)
            for m in LEXEME.finditer(constant[2])
            if m.lastgroup != "comment"
        )
        name = " ".join(re.sub(r"/\*.*?\*/", "", directive[0], flags=re.DOTALL).split())
        source.pieces.append(Piece("define", constant[1], name, tokens, -1))
    return source
