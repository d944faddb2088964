"""Family table-verify: reports whose certificates come in a table."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reference import certtable as table
from reference import keys, mint
from reference.bundle import Family
from reference.certtable import ENTRY_SIZE, GUIDS, Entry
from reference.world import AT, World, world

TEXT = """
A report, and its certificates as a host's table gives them: op `verify` with `table` in place of `certs`
(family `signature` says what its other members are). The leaf is the table's VCEK or VLEK, as the report's
SIGNING_KEY says; the CA is what lies under the ASK's GUID, ASK or ASVK. `roots` is what the verifier trusts:
the table comes from the host. An ARK in the table beside a given root is not compared with it by everybody,
and need not be; that it is never used the forged chain shows.
"""

ARK, ASK, VCEK, VLEK = (GUIDS[kind] for kind in ("ARK", "ASK", "VCEK", "VLEK"))
UNKNOWN = uuid.UUID("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0")

Blobs = Mapping[uuid.UUID, bytes]


def crlf(pem: bytes) -> bytes:
    return pem.replace(b"\n", b"\r\n").rstrip()


class Cases:
    """Adds cases: a report under a table."""

    def __init__(self, family: Family, vcek: World, vlek: World) -> None:
        self.family = family
        self.vcek, self.vlek = vcek, vlek
        self.vcek_table: dict[uuid.UUID, bytes] = {
            ARK: vcek.certs["ark"],
            ASK: vcek.certs["ask"],
            VCEK: vcek.certs["vcek"],
        }
        self.vlek_table: dict[uuid.UUID, bytes] = {
            ARK: vlek.certs["ark"],
            ASK: vlek.certs["asvk"],
            VLEK: vlek.certs["vlek"],
        }

    def input(self, data: bytes, w: World, *, rooted: bool = True) -> dict[str, Any]:
        roots = {"roots": w.roots} if rooted else {}
        return {"op": "verify", "report": w.report, "table": data, **roots, "at": AT}

    def valid(
        self,
        name: str,
        title: str,
        req: str,
        blobs: Blobs,
        *flags: str,
        w: World | None = None,
        rooted: bool = True,
    ) -> None:
        given = self.input(table.build(list(blobs.items())), w or self.vcek, rooted=rooted)
        self.family.valid(name, title, [req], "table", given, flags=flags, product="Genoa", version=3)

    def invalid(
        self,
        name: str,
        defect: str,
        req: str,
        data: bytes | Blobs,
        stage: str,
        *flags: str,
        twin: str = "vcek",
        w: World | None = None,
        rooted: bool = True,
    ) -> None:
        """REQ: ids; a table that cannot be read has no certificates, VRF-040."""
        raw = data if isinstance(data, bytes) else table.build(list(data.items()))
        self.family.invalid(
            name,
            defect,
            req.split(),
            "table",
            self.input(raw, w or self.vcek, rooted=rooted),
            twin=twin,
            defect=defect,
            changes=[("table", "entries", None)],
            stage=stage,
            flags=flags,
            product="Genoa",
            version=3,
        )


def add_valid(c: Cases) -> None:
    vcek, vlek = c.vcek_table, c.vlek_table
    both_flag = "signer-both-leaves-present"
    c.valid("vcek", "ARK, ASK and VCEK", "SNP-TAB-001", vcek)
    c.valid("vlek", "A VLEK, its ASVK under the ASK's GUID, and the ARK", "SNP-TAB-011", vlek, w=c.vlek)
    c.valid("order", "The leaf first, the ARK last", "SNP-TAB-013", dict(reversed(vcek.items())))
    c.valid(
        "vlek-too",
        "A VLEK of no use to the report after the VCEK",
        "VRF-020",
        vcek | {VLEK: vlek[VLEK]},
        both_flag,
    )
    c.valid(
        "vlek-first",
        "A VLEK of no use to the report before the VCEK",
        "VRF-020",
        {VLEK: vlek[VLEK]} | vcek,
        both_flag,
    )
    c.valid(
        "vcek-too",
        "A VCEK of no use to a VLEK-signed report",
        "VRF-020",
        {VCEK: vcek[VCEK]} | vlek,
        both_flag,
        w=c.vlek,
    )
    c.valid(
        "pem",
        "All certificates as PEM",
        "SNP-TAB-012",
        {guid: mint.pem(der) for guid, der in vcek.items()},
        PEM_FLAG,
    )
    mixed = vcek | {VCEK: crlf(mint.pem(vcek[VCEK]))}
    c.valid(
        "pem-crlf",
        "The VCEK as PEM with CRLF and without a last line end, the others in DER",
        "SNP-TAB-012",
        mixed,
        PEM_FLAG,
    )
    without = {guid: der for guid, der in vcek.items() if guid != ARK}
    c.valid("no-ark", "No ARK: the verifier's own is enough", "VRF-024", without, "ct-leaf-only")
    c.valid(
        "known-anchor", "No root is given: the table's ARK counts by its key", "VRF-023", vcek, rooted=False
    )
    c.valid(
        "unknown",
        "An unknown entry that is no certificate",
        "SNP-TAB-009",
        {UNKNOWN: bytes(16)} | vcek,
        "ct-unknown-guid",
    )


def forged_chain(w: World) -> dict[uuid.UUID, bytes]:
    """Certificates with AMD's names, signed by other keys; the leaf has the report's key."""
    ark_key, ask_key = keys.root("ark", "Milan"), keys.root("ask", "Milan")
    ark = mint.ark(w.product, ark_key)
    ask = mint.ask(w.product, ask_key, ark_key)
    leaf = replace(w.leaf(), signer=mint.rsa_signer(ask_key))
    return {ARK: ark.der(), ASK: ask.der(), VCEK: leaf.der()}


def add_missing(c: Cases) -> None:
    vcek = c.vcek_table
    for name, text, guid in (("no-ask", "ASK", ASK), ("no-leaf", "VCEK", VCEK)):
        blobs = {other: der for other, der in vcek.items() if other != guid}
        c.invalid(name, f"A table without {text}", "VRF-025", blobs, "chain", "ct-missing-certificate")
    for name, text, data in (
        ("empty", "No bytes at all as table", b""),
        ("empty-page", "A page of zeros as table", bytes(0x1000)),
    ):
        c.invalid(name, text, "VRF-025", data, "chain", "ct-empty-table")
    swapped = {guid: der for guid, der in vcek.items() if guid != VCEK}
    swapped[uuid.UUID(bytes=VCEK.bytes_le)] = vcek[VCEK]
    c.invalid(
        "mixed-endian",
        "The VCEK under its GUID in mixed-endian order",
        "SNP-TAB-002 VRF-025",
        swapped,
        "chain",
        "ct-guid-byte-order",
    )


def add_blobs(c: Cases) -> None:
    vcek = c.vcek_table
    leaf = vcek[VCEK]
    short, tail = "chain-short-cert-panics", "chain-cert-trailing-bytes"
    for name, text, req, blob, flag in (
        ("leaf-empty", "The VCEK's entry has length 0", "SNP-TAB-014 VRF-040", b"", "ct-zero-length-entry"),
        ("leaf-26", "The VCEK's entry has 26 bytes", "VRF-040", leaf[:26], short),
        ("leaf-cut", "The VCEK's entry ends one byte early", "VRF-040", leaf[:-1], short),
        ("leaf-padded", "The VCEK's entry goes on with zeros", "VRF-040", leaf + bytes(8), tail),
    ):
        c.invalid(name, text, req, vcek | {VCEK: blob}, "chain", flag)
    pems = {guid: mint.pem(blob) for guid, blob in vcek.items()}
    two = pems | {VCEK: pems[VCEK] + pems[ASK]}
    text = "The VCEK's entry has two PEM certificates"
    c.invalid("leaf-two-pem", text, "VRF-040", two, "chain", PEM_FLAG, twin="pem")
    random = bytes((i * 37 + 11) & 0xFF for i in range(32))
    c.invalid(
        "ark-random",
        "The ARK's entry is no certificate, where no root is given",
        "VRF-040",
        vcek | {ARK: random},
        "chain",
        "chain-no-ark-parse-logged",
        twin="known-anchor",
        rooted=False,
    )


def add_forged(c: Cases) -> None:
    vcek = c.vcek_table
    flag = "chain-prover-ark-mixed-in"
    forged = forged_chain(c.vcek)
    c.invalid(
        "forged-chain", "ARK, ASK and VCEK are forged under AMD's names", "VRF-024", forged, "chain", flag
    )
    data = table.build([*vcek.items(), (VCEK, forged[VCEK])])
    c.invalid(
        "duplicate",
        "The VCEK's GUID twice, a forged one last",
        "SNP-TAB-008 VRF-040",
        data,
        "chain",
        "ct-duplicate-guid",
    )
    for name, text, first, last in (
        ("duplicate-forged-first", "VCEK", (VCEK, forged[VCEK]), (VCEK, vcek[VCEK])),
        ("duplicate-ask", "ASK", (ASK, vcek[ASK]), (ASK, forged[ASK])),
        ("duplicate-ask-forged-first", "ASK", (ASK, forged[ASK]), (ASK, vcek[ASK])),
    ):
        rest = [(guid, blob) for guid, blob in vcek.items() if guid != first[0]]
        c.invalid(
            name,
            f"The {text}'s GUID twice, a forged one {'first' if 'first' in name else 'last'}",
            "SNP-TAB-008 VRF-040",
            table.build([first, *rest, last]),
            "chain",
            "ct-duplicate-guid",
        )


def add_kinds(c: Cases) -> None:
    vcek, vlek = c.vcek_table, c.vlek_table
    c.invalid(
        "asvk-for-vcek",
        "The ASVK lies where the VCEK's ASK belongs",
        "VRF-016 VRF-105",
        vcek | {ASK: vlek[ASK]},
        "signer",
        "ct-asvk-under-ask",
    )
    c.invalid(
        "ask-for-vlek",
        "The ASK lies where the VLEK's ASVK belongs",
        "VRF-016 VRF-105",
        vlek | {ASK: vcek[ASK]},
        "signer",
        "ct-asvk-under-ask",
        twin="vlek",
        w=c.vlek,
    )
    c.invalid(
        "vlek-only",
        "The table has only a VLEK chain, the report says VCEK",
        "VRF-016",
        vlek,
        "signer",
        "signer-field-says-vcek-leaf-is-vlek",
    )
    c.invalid(
        "vcek-only",
        "The table has only a VCEK chain, the report says VLEK",
        "VRF-016",
        vcek,
        "signer",
        "signer-field-says-vlek-leaf-is-vcek",
        twin="vlek",
        w=c.vlek,
    )


def add_broken(c: Cases) -> None:
    vcek = list(c.vcek_table.items())
    good = table.build(vcek)
    end = len(vcek) * ENTRY_SIZE
    c.invalid(
        "no-terminator",
        "The table's terminator is missing",
        "SNP-TAB-003 VRF-040",
        good[:end] + good[end + ENTRY_SIZE :],
        "chain",
        "ct-missing-terminator",
    )
    entries = table.parse(good)
    wrap = Entry(VCEK, 0x60, 0xFFFFFFFF).header()
    c.invalid(
        "wrap",
        "The VCEK's offset and length wrap in 32 bits",
        "SNP-TAB-006 VRF-040",
        good[: end - ENTRY_SIZE] + wrap + good[end:],
        "chain",
        "ct-offset-length-overflow",
    )
    inside = Entry(VCEK, 0, entries[2].length).header()
    c.invalid(
        "in-header",
        "The VCEK begins in the header",
        "SNP-TAB-005 VRF-040",
        good[: end - ENTRY_SIZE] + inside + good[end:],
        "chain",
        "ct-entry-overlaps-header",
    )
    c.invalid(
        "cut",
        "The table ends one byte early",
        "SNP-TAB-006 VRF-040",
        good[:-1],
        "chain",
        "ct-no-bounds-raw-pointer",
    )


PEM_FLAG = "ct-pem-vs-der"


def add_notes(f: Family) -> None:
    for flag, bug_class, effect, origin in (
        (
            "signer-both-leaves-present",
            "wrong reject",
            "the first leaf, or always the VLEK, is taken; SIGNING_KEY names the right one",
            "class",
        ),
        (
            "signer-field-says-vcek-leaf-is-vlek",
            "missing check",
            "the chain is chosen by what the table has, not by SIGNING_KEY",
            "class",
        ),
        (
            "signer-field-says-vlek-leaf-is-vcek",
            "missing check",
            "the chain is chosen by what the table has, not by SIGNING_KEY",
            "class",
        ),
        (PEM_FLAG, "wrong reject", "one encoding alone is read", "class"),
        (
            "ct-leaf-only",
            "wrong reject",
            "CA certificates are demanded of the table though the verifier has its own",
            "google/go-sev-guest#134",
        ),
        ("ct-unknown-guid", "wrong reject", "a vendor's extra entry makes the whole table fail", "class"),
        ("ct-missing-certificate", "crash", "a certificate that is not there is used", "class"),
        (
            "ct-empty-table",
            "crash",
            "a report is accepted, or the verifier falls over, without certificates",
            "google/go-sev-guest#102",
        ),
        ("ct-guid-byte-order", "encoding", "a GUID in mixed-endian order is another GUID", "class"),
        (
            "ct-zero-length-entry",
            "bounds",
            "code that looks at a certificate's first bytes reads past an empty one",
            "class",
        ),
        (
            "chain-short-cert-panics",
            "bounds",
            "code that looks for the PEM header reads past a short certificate",
            "class",
        ),
        (
            "chain-cert-trailing-bytes",
            "parsing",
            "bytes after a certificate are carried along unseen",
            "class",
        ),
        ("chain-no-ark-parse-logged", "missing check", "an ARK that cannot be read is only logged", "class"),
        (
            "chain-prover-ark-mixed-in",
            "trust",
            "the prover's own ARK becomes the anchor",
            "edgelesssys/constellation#3025",
        ),
        ("ct-duplicate-guid", "ambiguity", "one entry is judged, another used", "class"),
        ("ct-asvk-under-ask", "missing check", "the CA's kind is not compared with the leaf's", "class"),
        ("ct-missing-terminator", "bounds", "blobs are read as entries", "class"),
        (
            "ct-offset-length-overflow",
            "arithmetic",
            "offset + length wraps in 32 bits: memory outside the table",
            "class",
        ),
        ("ct-entry-overlaps-header", "bounds", "a certificate is read out of the header", "class"),
        ("ct-no-bounds-raw-pointer", "bounds", "a parser without the table's size reads past it", "class"),
    ):
        f.note(flag, bug_class=bug_class, effect=effect, origin=origin)


def build() -> Family:
    f = Family("table-verify", "Certificates from a table", TEXT)
    vcek, vlek = world("Genoa", 3, "vcek"), world("Genoa", 3, "vlek")
    c = Cases(f, vcek, vlek)
    f.blob("report-vcek", vcek.report)
    f.blob("report-vlek", vlek.report)
    f.blob("ark", vcek.certs["ark"])
    f.blob("table-vcek", table.build(list(c.vcek_table.items())))
    f.blob("table-vlek", table.build(list(c.vlek_table.items())))
    add_notes(f)
    for add in (add_valid, add_missing, add_blobs, add_forged, add_kinds, add_broken):
        add(c)
    return f
