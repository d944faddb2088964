"""Family certtable: certificate tables, well formed and not."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from reference import certtable as table
from reference.bundle import Family
from reference.certtable import ENTRIES_MAX, ENTRY_SIZE, GUIDS, PAGE, PLATFORM_INFO, Entry

TEXT = """
Certificate tables as a guest gets them from its host. Op `certtable`: `table` is the table's bytes; a valid
one gives `entries`, each with `kind` ("VCEK", "VLEK", "ASK", "ARK", "CRL", "other"), `guid`, `offset` and
`length`. Reasons: `terminator` (no all-zero entry), `offset` (an entry begins inside the header), `length`
(an entry ends beyond the table) and `duplicate` (a GUID twice). sevkit reads 16 entries, which is our limit
and not the format's: no case has more. Whether a zero GUID beside an offset or length ends the table is an
ambiguity (AMB-72); no case has it. The blobs here are plain text; certificates in tables are judged in the
family `table-verify`, an empty one too.
"""

ARK, ASK, VCEK, VLEK, CRL = (GUIDS[kind] for kind in ("ARK", "ASK", "VCEK", "VLEK", "CRL"))
UNKNOWN = uuid.UUID("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")
BLOBS = {
    ARK: b"the ARK in DER, 32 bytes of it. ",
    ASK: b"the ASK in DER, some more bytes of it.",
    VCEK: b"the VCEK in DER, whose length is odd.",
    VLEK: b"the VLEK in DER",
    CRL: b"a list of revoked certificates",
}
BASE = (ARK, ASK, VCEK)
DATA = (len(BASE) + 1) * ENTRY_SIZE  # where the base table's first blob begins
MIXED_ENDIAN = uuid.UUID(bytes=VCEK.bytes_le)

Row = tuple[uuid.UUID, bytes]


def rows(guids: Sequence[uuid.UUID]) -> list[Row]:
    return [(guid, BLOBS.get(guid, b"sixteen bytes ..")) for guid in guids]


def built(*guids: uuid.UUID) -> bytes:
    return table.build(rows(guids))


def output(entries: Sequence[Entry]) -> dict[str, Any]:
    """What a case expects: written from the entries that the generator put there."""
    return {
        "entries": [
            {"kind": e.kind, "guid": str(e.guid), "offset": e.offset, "length": e.length} for e in entries
        ]
    }


def laid_out(blobs: Sequence[Row]) -> list[Entry]:
    """The entries of table.build."""
    offset = (len(blobs) + 1) * ENTRY_SIZE
    entries = []
    for guid, blob in blobs:
        entries.append(Entry(guid, offset, len(blob)))
        offset += len(blob)
    return entries


def header(entries: Sequence[Entry]) -> bytes:
    return b"".join(entry.header() for entry in entries) + bytes(ENTRY_SIZE)


BASE_ENTRIES = laid_out(rows(BASE))
BASE_DATA = b"".join(BLOBS[guid] for guid in BASE)
BASE_SIZE = DATA + len(BASE_DATA)


EVERY_OFFSET, EVERY_LENGTH = (
    ", ".join(f"entry {i}.{part}" for i in range(len(BASE))) for part in ("offset", "length")
)


def with_entry(index: int, offset: int, length: int) -> bytes:
    """The base table with another offset and length of one entry."""
    entries = list(BASE_ENTRIES)
    entries[index] = Entry(entries[index].guid, offset, length)
    return header(entries) + BASE_DATA


class Cases:
    """Adds cases of the op certtable."""

    def __init__(self, family: Family) -> None:
        self.family = family

    def valid(
        self,
        name: str,
        title: str,
        req: int,
        data: bytes,
        entries: Sequence[Entry],
        *flags: str,
        also: Sequence[int] = (),
    ) -> None:
        self.family.valid(
            name,
            title,
            [f"SNP-TAB-{number:03}" for number in (req, *also)],
            "certtable",
            {"op": "certtable", "table": data},
            output(entries),
            flags=flags,
        )

    def plain(
        self, name: str, title: str, req: int, blobs: Sequence[Row], *flags: str, also: Sequence[int] = ()
    ) -> None:
        """A table as table.build writes it."""
        self.valid(name, title, req, table.build(list(blobs)), laid_out(blobs), *flags, also=also)

    def invalid(
        self,
        name: str,
        title: str,
        req: int,
        data: bytes,
        reason: str,
        field: str,
        *flags: str,
        twin: str = "three",
        defect: str = "",
    ) -> None:
        """The defect is the title unless given."""
        self.family.invalid(
            name,
            title,
            [f"SNP-TAB-{req:03}"],
            "certtable",
            {"op": "certtable", "table": data},
            twin=twin,
            defect=defect or title,
            changes=[("table", field, None)],
            reason=reason,
            flags=flags,
        )


def add_kinds(c: Cases) -> None:
    c.plain("three", "ARK, ASK and VCEK, packed back to back", 1, rows(BASE))
    c.plain("vlek", "A VLEK, the ASVK under the ASK's GUID, and the ARK", 11, rows((VLEK, ASK, ARK)))
    c.plain("five", "All five kinds, each once", 10, rows((VCEK, VLEK, ASK, ARK, CRL)), also=[8])
    c.plain("order", "The leaf first, the ARK last", 13, rows((VCEK, ASK, ARK)))
    c.plain("leaf-only", "A VLEK alone, as one cloud gives it", 10, rows((VLEK,)), "ct-leaf-only")
    c.plain("pem", "PEM text as blob", 12, [(VCEK, PEM), *rows((ASK, ARK))], "ct-pem-vs-der")
    c.plain(
        "unknown",
        "An unknown GUID with bytes that are no certificate",
        9,
        rows((UNKNOWN, *BASE)),
        UNKNOWN_FLAG,
    )
    c.plain("unknown-last", "An unknown GUID after the others", 9, rows((*BASE, UNKNOWN)), UNKNOWN_FLAG)
    c.plain("unknown-only", "Nothing but an unknown GUID", 9, rows((UNKNOWN,)), UNKNOWN_FLAG)
    info = (8).to_bytes(4, "little") + (0x00A10F11).to_bytes(4, "little")
    c.plain(
        "platform-info",
        "A vendor's entry: 8 bytes of platform information beside the chain",
        9,
        [*rows(BASE), (PLATFORM_INFO, info)],
        UNKNOWN_FLAG,
    )
    c.plain(
        "mixed-endian",
        "The VCEK's GUID in mixed-endian order is an unknown entry",
        2,
        [*rows((ARK, ASK)), (MIXED_ENDIAN, BLOBS[VCEK])],
        "ct-guid-byte-order",
    )
    near = uuid.UUID(bytes=VCEK.bytes[:15] + b"\xcc")
    c.plain("near-guid", "A GUID that differs from the VCEK's in its last byte", 10, rows((ARK, ASK, near)))
    last = uuid.UUID(int=1)
    c.plain(
        "guid-low-byte",
        "A GUID of zeros but for its last byte ends no table",
        3,
        rows((last, *BASE)),
        UNKNOWN_FLAG,
    )


def add_empty(c: Cases) -> None:
    c.valid("empty", "No bytes at all", 7, b"", [], "ct-empty-table")
    c.valid(
        "empty-entry",
        "24 zero bytes: what KVM writes without certificates",
        7,
        bytes(24),
        [],
        "ct-empty-table",
    )
    c.valid("empty-page", "A page of zeros", 7, bytes(PAGE), [], "ct-empty-table")
    c.valid(
        "empty-then-data",
        "The terminator first: what follows it is not looked at",
        3,
        bytes(ENTRY_SIZE) + built(*BASE),
        [],
        "ct-empty-table",
    )


def add_space(c: Cases) -> None:
    """Where blobs lie."""
    base = built(*BASE)
    c.valid("padded", "Zeros up to a page after the last blob", 4, base.ljust(PAGE, b"\0"), BASE_ENTRIES)
    c.valid(
        "linux-limit",
        "A table of 0x4000 bytes, the most that Linux takes",
        4,
        base.ljust(table.LINUX_MAX, b"\0"),
        BASE_ENTRIES,
    )
    c.valid("tail", "Bytes after the last blob that no entry names", 6, base + b"left over", BASE_ENTRIES)
    gap = [Entry(e.guid, e.offset + 40, e.length) for e in BASE_ENTRIES]
    c.valid(
        "gap-first", "A gap between header and first blob", 5, header(gap) + b"\xa5" * 40 + BASE_DATA, gap
    )
    gap = [*BASE_ENTRIES[:2], Entry(VCEK, BASE_ENTRIES[2].offset + 7, BASE_ENTRIES[2].length)]
    split = BASE_ENTRIES[2].offset - DATA
    data = BASE_DATA[:split] + b"\xa5" * 7 + BASE_DATA[split:]
    c.valid("gap-between", "A gap of 7 bytes between two blobs", 6, header(gap) + data, gap)
    back = [*reversed(BASE_ENTRIES)]
    c.valid(
        "blobs-backwards", "Blobs in another order than their entries", 13, header(back) + BASE_DATA, back
    )
    one = [(UNKNOWN, b"1"), *rows(BASE)]
    c.plain("unaligned", "A blob of one byte: the next begins at an odd offset", 4, one)
    same = [*BASE_ENTRIES[:2], Entry(VCEK, BASE_ENTRIES[1].offset, BASE_ENTRIES[1].length)]
    c.valid("same-blob", "Two entries name the same bytes", 6, header(same) + BASE_DATA, same, OVERLAP_FLAG)
    part = [*BASE_ENTRIES[:2], Entry(VCEK, BASE_ENTRIES[1].offset + 9, 20)]
    c.valid("overlap", "Two blobs overlap in part", 6, header(part) + BASE_DATA, part, OVERLAP_FLAG)
    none = [*BASE_ENTRIES[:2], Entry(VCEK, BASE_ENTRIES[2].offset, 0)]
    c.valid("zero-length", "An entry of length 0 is an entry", 14, header(none) + BASE_DATA, none)
    none = [*BASE_ENTRIES[:2], Entry(VCEK, BASE_SIZE, 0)]
    c.valid(
        "zero-length-at-end",
        "An entry of length 0 at the table's end",
        6,
        header(none) + BASE_DATA,
        none,
    )
    last = uuid.UUID(int=VCEK.int + 1)
    full = [(uuid.UUID(int=last.int + i), b"blob of an unknown kind") for i in range(ENTRIES_MAX - 1)]
    c.plain("sixteen", "16 entries", 9, [*full, (VCEK, BLOBS[VCEK])])


def empty_entries(guids: Sequence[uuid.UUID], offset: int) -> bytes:
    return b"".join(Entry(guid, offset, 0).header() for guid in guids)


def add_terminator(c: Cases) -> None:
    """Entries of length 0 at the header's end: nothing but the terminator is missed."""
    flag, field = "ct-missing-terminator", "terminator"
    early = [Entry(e.guid, e.offset - ENTRY_SIZE, e.length) for e in BASE_ENTRIES]
    following = header(early)[:-ENTRY_SIZE] + BASE_DATA
    c.invalid("no-terminator", "Blobs follow the entries directly", 3, following, field, field, flag)
    none = [Entry(guid, DATA, 0) for guid in BASE]
    c.valid("three-empty", "Three entries of length 0 at the table's end", 6, header(none), none)
    end = DATA - ENTRY_SIZE
    for name, title, data, fields in (
        ("ends-after-entries", "The table ends after its last entry", empty_entries(BASE, end), field),
        (
            "terminator-cut",
            "The table ends one byte before the terminator does",
            empty_entries(BASE, end).ljust(DATA - 1, b"\0"),
            field,
        ),
        (
            "entry-cut",
            "The table ends inside an entry",
            (empty_entries(BASE[:2], 2 * ENTRY_SIZE) + BASE[2].bytes)[:58],
            f"{field}, entry 2",
        ),
    ):
        c.invalid(name, title, 3, data, field, fields, flag, twin="three-empty")
    zeros = "23 zero bytes: too few for a terminator"
    c.invalid("short-zeros", zeros, 3, bytes(23), field, "size", flag, twin="empty-entry")
    c.invalid("one-byte", "A table of one byte", 3, b"\0", field, "size", flag, twin="empty-entry")
    full = [uuid.UUID(int=VCEK.int + i) for i in range(ENTRIES_MAX)]
    end = ENTRIES_MAX * ENTRY_SIZE
    none = [Entry(guid, end + ENTRY_SIZE, 0) for guid in full]
    c.valid("sixteen-empty", "16 entries of length 0", 9, header(none), none)
    c.invalid(
        "filled",
        "16 entries fill the table and nothing ends them",
        3,
        empty_entries(full, end),
        field,
        field,
        "ct-no-bounds-raw-pointer",
        twin="sixteen-empty",
    )


def add_offsets(c: Cases) -> None:
    flag = "ct-entry-overlaps-header"
    length = BASE_ENTRIES[2].length
    for name, title, offset in (
        ("offset-zero", "An entry begins at 0, in its own header", 0),
        ("offset-entry", "An entry begins at another entry", ENTRY_SIZE),
        ("offset-terminator", "An entry begins at the terminator", DATA - ENTRY_SIZE),
        ("offset-one-early", "An entry begins one byte before the header's end", DATA - 1),
    ):
        c.invalid(name, title, 5, with_entry(2, offset, length), "offset", "entry 2.offset", flag)
    c.invalid(
        "offset-zero-empty",
        "An entry of length 0 begins at 0",
        5,
        with_entry(2, 0, 0),
        "offset",
        "entry 2.offset",
        flag,
        twin="zero-length",
    )
    after = [Entry(e.guid, e.offset - DATA, e.length) for e in BASE_ENTRIES]
    c.invalid(
        "offset-of-data",
        "Offsets count from the header's end",
        5,
        header(after) + BASE_DATA,
        "offset",
        EVERY_OFFSET,
        flag,
    )


def add_bounds(c: Cases) -> None:
    base = built(*BASE)
    wrap, bounds = "ct-offset-length-overflow", "ct-no-bounds-raw-pointer"
    length = BASE_ENTRIES[2].length
    for name, title, offset, size, flag in (
        ("wrap-length", "Offset and length wrap in 32 bits: 0x60 + 0xFFFFFFFF", 0x60, 0xFFFFFFFF, wrap),
        ("wrap-to-zero", "Offset and length are 2^32: 0x1000 + 0xFFFFF000", 0x1000, 0xFFFFF000, wrap),
        ("wrap-offset", "The last offset of all and one byte", 0xFFFFFFFF, 1, wrap),
        ("length-signed", "A length that is negative in 32 bits", DATA, 0x80000000, wrap),
        (
            "length-one-more",
            "An entry ends one byte beyond the table",
            BASE_ENTRIES[2].offset,
            length + 1,
            bounds,
        ),
        ("offset-at-end", "An entry of one byte begins at the table's end", BASE_SIZE, 1, bounds),
        ("offset-beyond", "An entry begins beyond the table", BASE_SIZE + PAGE, length, bounds),
        ("offset-beyond-empty", "An entry of length 0 begins beyond the table", BASE_SIZE + 1, 0, bounds),
    ):
        twin = "zero-length-at-end" if name == "offset-beyond-empty" else "three"
        fields = {"length-one-more": "entry 2.length"}
        if name.startswith("offset-beyond"):
            fields[name] = "entry 2.offset"
        field = fields.get(name, "entry 2.offset, entry 2.length")
        c.invalid(name, title, 6, with_entry(2, offset, size), "length", field, flag, twin=twin)
    swapped = b""
    for e in BASE_ENTRIES:
        swapped += e.guid.bytes + e.offset.to_bytes(4, "big") + e.length.to_bytes(4, "big")
    c.invalid(
        "big-endian",
        "Offsets and lengths are big-endian",
        1,
        swapped + bytes(ENTRY_SIZE) + BASE_DATA,
        "length",
        f"{EVERY_OFFSET}, {EVERY_LENGTH}",
        bounds,
    )
    c.invalid("cut", "The table ends one byte before its last blob", 6, base[:-1], "length", "size", bounds)
    unknown = table.build(rows((*BASE, UNKNOWN)))
    c.invalid(
        "unknown-cut",
        "The blob of an unknown GUID ends beyond the table",
        6,
        unknown[:-1],
        "length",
        "size",
        bounds,
        twin="unknown-last",
    )


def add_duplicates(c: Cases) -> None:
    """The twin has another GUID in the entry's place."""
    flag = "ct-duplicate-guid"
    other = uuid.UUID(int=UNKNOWN.int + 1)
    forged, genuine = b"a forged VCEK in DER", BLOBS[VCEK]
    chain, whole = rows((ARK, ASK)), rows((VCEK, VLEK, ASK, ARK))
    known: tuple[tuple[str, str, list[Row], uuid.UUID, bytes], ...] = (
        ("forged-last", "The VCEK's GUID twice, a forged one last", [*chain, (VCEK, genuine)], VCEK, forged),
        (
            "forged-first",
            "The VCEK's GUID twice, a forged one first",
            [*chain, (VCEK, forged)],
            VCEK,
            genuine,
        ),
        ("ask", "ASK and ASVK both under the ASK's GUID", whole, ASK, b"the ASVK in DER"),
        ("unknown", "An unknown GUID twice", rows((UNKNOWN, *BASE)), UNKNOWN, b"other bytes"),
    )
    for name, title, blobs, guid, blob in known:
        twin = f"beside-{name}"
        c.plain(twin, f"Another GUID instead: {title}", 9, [*blobs, (other, blob)], UNKNOWN_FLAG)
        data = table.build([*blobs, (guid, blob)])
        c.invalid(
            f"duplicate-{name}", title, 8, data, "duplicate", f"entry {len(blobs)}.guid", flag, twin=twin
        )
    twice = [Entry(e.guid, e.offset + ENTRY_SIZE, e.length) for e in (*BASE_ENTRIES, BASE_ENTRIES[2])]
    renamed = [*twice[:3], Entry(other, twice[3].offset, twice[3].length)]
    c.valid(
        "beside-same",
        "Two GUIDs name one blob",
        6,
        header(renamed) + BASE_DATA,
        renamed,
        OVERLAP_FLAG,
    )
    c.invalid(
        "duplicate-same",
        "One entry stands there twice",
        8,
        header(twice) + BASE_DATA,
        "duplicate",
        "entry 3.guid",
        flag,
        twin="beside-same",
    )


PEM = b"-----BEGIN CERTIFICATE-----\nTm90IGEgY2VydGlmaWNhdGUu\n-----END CERTIFICATE-----\n"
UNKNOWN_FLAG, OVERLAP_FLAG = "ct-unknown-guid", "ct-mutual-overlap"


def add_notes(f: Family) -> None:
    for flag, bug_class, effect in (
        (
            "ct-offset-length-overflow",
            "arithmetic",
            "offset + length wraps in 32 bits: memory outside the table",
        ),
        ("ct-no-bounds-raw-pointer", "bounds", "a parser without the table's size reads past it"),
        ("ct-missing-terminator", "bounds", "blobs, or memory after the table, are read as entries"),
        ("ct-entry-overlaps-header", "bounds", "a certificate is read out of the header"),
        ("ct-mutual-overlap", "wrong reject", "harmless; parsers differ, sevkit accepts it"),
        (
            "ct-duplicate-guid",
            "ambiguity",
            "first wins in one parser, last in another: one judges what the other uses",
        ),
        ("ct-guid-byte-order", "encoding", "a GUID in mixed-endian order is another GUID"),
        ("ct-unknown-guid", "wrong reject", "a vendor's extra entry makes the whole table fail"),
        ("ct-pem-vs-der", "wrong reject", "one encoding alone is read"),
    ):
        f.note(flag, bug_class=bug_class, effect=effect)
    f.note(
        "ct-empty-table",
        bug_class="wrong reject",
        effect="no certificates are an error instead of a reason to fetch them",
        origin="google/go-sev-guest#102",
    )
    f.note(
        "ct-leaf-only",
        bug_class="wrong reject",
        effect="a table without CA certificates is refused though the verifier has its own",
        origin="google/go-sev-guest#134",
    )


def build() -> Family:
    f = Family("certtable", "Certificate tables", TEXT)
    f.blob("three", built(*BASE))
    add_notes(f)
    c = Cases(f)
    for add in (add_kinds, add_empty, add_space, add_terminator, add_offsets, add_bounds, add_duplicates):
        add(c)
    return f
