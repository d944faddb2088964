"""What is done to a piece of code: each function yields (kind, edits), an edit being (start, end, text).

The kinds are those of docs/mutants.md. A kind and its statement, not a line number, name a mutant, so that an
explanation survives edits elsewhere in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mutants import source
from mutants.source import CLOSE, OPEN, Piece, Token, closing

Edit = tuple[int, int, str]
Change = tuple[str, list[Edit]]
Span = tuple[int, int]  # indexes of tokens, the end not included

MOVED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
FLIPPED = {"true": "false", "false": "true"}
# memcmp and its like are compared with 0 only, calloc and reallocarray multiply: the order says nothing.
SYMMETRIC = frozenset(("memcmp", "strcmp", "strncmp", "calloc", "reallocarray"))
COPIES = frozenset(("memcpy", "memset", "strncpy"))  # the size stays where it is
NUMBER = re.compile(r"(0[xX])?([0-9a-fA-F]+?)([uUlL]*)$")


@dataclass(frozen=True)
class Mutant:
    """One changed file."""

    file: str  # relative to the tree
    id: str
    line: int  # of the change, for people; from 1
    requirements: tuple[str, ...]  # of that line
    after: str  # the whole file

    @property
    def folder(self) -> str:
        return self.file.split("/")[1]


def _number(token: Token, step: int) -> str:
    found = NUMBER.match(token.text)
    assert found is not None
    base = 16 if found[1] else 10
    value = int(found[2], base) + step
    return (f"0x{value:0{len(found[2])}X}" if base == 16 else str(value)) + found[3]


def _dimension_of_text(piece: Piece, i: int) -> bool:
    """True for the N of `char name[N]`: a buffer for words, whose slack means nothing."""
    before = [t.text for t in piece.tokens[:i]]
    return piece.role == "declaration" and before[:1] == ["char"] and before[-1] == "["


def constants(piece: Piece) -> Iterator[Change]:
    """Every number one more and one less; `{0}` is an idiom and no number."""
    for i, token in enumerate(piece.tokens):
        if token.kind != "num" or _dimension_of_text(piece, i):
            continue
        around = piece.tokens[max(i - 1, 0)].text + piece.tokens[min(i + 1, len(piece.tokens) - 1)].text
        if token.text == "0" and around == "{}":
            continue
        zero = int(_number(token, 0).rstrip("uUlL"), 0) == 0
        for step in (1,) if zero else (1, -1):
            to = _number(token, step)
            yield f"constant {token.text} to {to}", [(token.start, token.end, to)]


def words(piece: Piece) -> Iterator[Change]:
    """Bounds moved, `&&` and `||` exchanged, true and false exchanged."""
    for token in piece.tokens:
        for name, table in (("bound", MOVED), ("logic", LOGIC), ("flip", FLIPPED)):
            if to := table.get(token.text):
                yield f"{name} {token.text} to {to}", [(token.start, token.end, to)]


def condition(piece: Piece, text: str) -> Iterator[Change]:
    """A check that never fires, and one that fires when it should not."""
    if piece.role != "condition":
        return
    start, end = piece.tokens[0].start, piece.tokens[-1].end
    yield "drop", [(start, end, f"0 && ({text[start:end]})")]
    relations = [t.text for t in piece.tokens if t.text in MOVED or t.text in LOGIC]
    if relations not in (["=="], ["!="]):  # there the moved bound is the inverse
        yield "invert", [(start, end, f"!({text[start:end]})")]


def removal(piece: Piece, text: str) -> Iterator[Change]:
    """The effect left out. A declaration stays, or nothing compiles; abort() marks what cannot be."""
    if piece.role not in ("effect", "case return") or piece.tokens[0].text == "abort":
        return
    start, end = piece.tokens[0].start, piece.tokens[-1].end
    own = " ".join(text[start:end].split())
    yield "remove" if piece.text == own + ";" else f"remove {own}", [(start, end, "")]


def _inverted_return(piece: Piece, text: str, tagged: bool) -> Iterator[Change]:
    if tagged and piece.role == "return" and any(t.text in MOVED or t.text in LOGIC for t in piece.tokens):
        start, end = piece.tokens[1].start, piece.tokens[-1].end
        yield "invert", [(start, end, f"!({text[start:end]})")]


def split(tokens: tuple[Token, ...], opening: int) -> list[Span]:
    """What lies between the commas of the bracket at OPENING."""
    end = closing(tokens, opening)
    parts, first, i = [], opening + 1, opening + 1
    while i < end:
        if tokens[i].text == ",":
            parts.append((first, i))
            first = i + 1
        i = closing(tokens, i) + 1 if tokens[i].text in OPEN else i + 1
    if first < end:
        parts.append((first, end))
    return parts


def _exchange(tokens: tuple[Token, ...], text: str, one: Span, two: Span) -> list[Edit]:
    """Edits that exchange two spans, or none where they read the same."""
    a, b = (tokens[s[0]].start for s in (one, two))
    a_end, b_end = (tokens[s[1] - 1].end for s in (one, two))
    if text[a:a_end] == text[b:b_end]:
        return []
    return [(a, a_end, text[b:b_end]), (b, b_end, text[a:a_end])]


def arguments(piece: Piece, text: str) -> Iterator[Change]:
    """Neighbouring arguments of a call exchanged."""
    tokens = piece.tokens
    for i in range(len(tokens) - 1):
        name = tokens[i].text
        if tokens[i].kind != "id" or tokens[i + 1].text != "(" or name in SYMMETRIC or name == "sizeof":
            continue
        parts = split(tokens, i + 1)
        for n in range(min(len(parts) - 1, 1) if name in COPIES else len(parts) - 1):
            if edits := _exchange(tokens, text, parts[n], parts[n + 1]):
                yield f"swap arguments {n + 1} and {n + 2} of {name}", edits


def choices(piece: Piece, text: str) -> Iterator[Change]:
    """The two values of `?:` exchanged."""
    tokens = piece.tokens
    for i, token in enumerate(tokens):
        if token.text != "?":
            continue
        colon = end = 0
        j = i + 1
        while j < len(tokens) and tokens[j].text not in (",", *CLOSE):
            if tokens[j].text == ":" and not colon:
                colon = j
            j = closing(tokens, j) + 1 if tokens[j].text in OPEN else j + 1
        end = j
        if colon and (edits := _exchange(tokens, text, (i + 1, colon), (colon + 1, end))):
            yield "swap choices", edits


def initialisers(piece: Piece, text: str) -> Iterator[Change]:
    """A field or row of a brace list left out; the values of neighbouring fields exchanged."""
    tokens = piece.tokens
    for i, token in enumerate(tokens):
        if token.text != "{":
            continue
        fields: list[tuple[str, Span]] = []
        for first, end in split(tokens, i):
            after = tokens[end].end if tokens[end].text == "," else tokens[end - 1].end
            if tokens[first].text in (".", "[", "{"):
                shown = " ".join(text[tokens[first].start : tokens[end - 1].end].split())
                yield f"remove {shown}", [(tokens[first].start, after, "")]
            equals = next((n for n in range(first, end) if tokens[n].text == "="), 0)
            if equals and tokens[first].text == ".":
                fields.append((tokens[first + 1].text, (equals + 1, end)))
        for (name, one), (other, two) in zip(fields, fields[1:], strict=False):
            if edits := _exchange(tokens, text, one, two):
                yield f"swap values of .{name} and .{other}", edits


def _value(piece: Piece) -> tuple[str, Span] | None:
    """What an effect writes: the right side of its assignment, or the second argument of its call."""
    tokens = piece.tokens
    equals = [n for n, t in enumerate(tokens) if t.text == "="]
    if len(equals) == 1:
        return "=", (equals[0] + 1, len(tokens))
    if len(tokens) > 2 and tokens[1].text == "(" and closing(tokens, 1) == len(tokens) - 1:
        parts = split(tokens, 1)
        return (tokens[0].text, parts[1]) if len(parts) > 1 else None
    return None


def neighbours(piece: Piece, following: Piece | None, text: str) -> Iterator[Change]:
    """What two statements in a row write, exchanged: two fields mixed up."""
    if following is None or piece.role != "effect" or following.role != "effect":
        return
    if piece.block != following.block or (one := _value(piece)) is None or (two := _value(following)) is None:
        return
    if one[0] != two[0]:
        return
    tokens = piece.tokens + following.tokens
    shifted = (two[1][0] + len(piece.tokens), two[1][1] + len(piece.tokens))
    if edits := _exchange(tokens, text, one[1], shifted):
        yield f"swap values with [{following.text}]", edits


def _apply(text: str, edits: list[Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def of_file(name: str, text: str, tagged_only: bool) -> list[Mutant]:
    """All mutants of the C file NAME, in order. TAGGED_ONLY: leaves lines without `@req` alone."""
    code = source.read(text)
    lines = text.splitlines()
    found: list[Mutant] = []
    seen: set[str] = {text}
    ids: Counter[str] = Counter()
    for n, piece in enumerate(code.pieces):
        following = code.pieces[n + 1] if n + 1 < len(code.pieces) else None
        tagged = piece.tokens[0].line in code.tags
        changes = [
            *condition(piece, text),
            *_inverted_return(piece, text, tagged),
            *removal(piece, text),
            *words(piece),
            *constants(piece),
            *arguments(piece, text),
            *choices(piece, text),
            *initialisers(piece, text),
            *neighbours(piece, following, text),
        ]
        for kind, edits in changes:
            line = text.count("\n", 0, edits[0][0]) + 1
            after = _apply(text, edits)
            if after in seen or (tagged_only and line not in code.tags):
                continue
            seen.add(after)
            shown = piece.text or " ".join(re.sub(r"/\*.*?\*/", "", lines[line - 1]).split())
            base = f"{name}: {piece.where}: {kind}: {shown}"
            ids[base] += 1
            number = f" #{ids[base]}" if ids[base] > 1 else ""
            found.append(Mutant(name, base + number, line, code.tags.get(line, ()), after))
    return found
