"""Family revocation: what a list names, and its extensions."""

from __future__ import annotations

from dataclasses import replace

from reference import der, mint
from reference.families._book import Book
from reference.families._revocation_lists import ask_entry, listed
from reference.mint import AKI, CRL_NUMBER, Extension, Revoked
from reference.world import THIS_UPDATE, World, world

DELTA, SCOPE = "2.5.29.27", "2.5.29.28"
REASON, CERTIFICATE_ISSUER = "2.5.29.21", "2.5.29.29"
UNKNOWN = "1.2.3.4"


def serial(role: str, w: World) -> bytes:
    return bytes.fromhex(mint.SERIALS[role][w.product])


def named(b: Book) -> None:
    w, v, t = world("Genoa", 3), world("Milan", 3, "vlek"), world("Turin", 5)
    for of, role, requirement, flag in (
        (w, "ask", "VRF-046", "2-09"),
        (t, "ask", "VRF-046", "2-09"),
        (v, "asvk", "VRF-046", "crl-asvk-not-checked"),
        (w, "ark", "VRF-047", "crl-ark-listed"),
        (v, "ark", "VRF-047", "crl-ark-listed"),
    ):
        b.refuse(
            f"{role}-listed-{of.product.lower()}",
            f"The list names the {role.upper()}",
            [requirement],
            b.base(of, crl=True),
            listed(of.revocation().revoking(serial(role, of)), "revokedCertificates"),
            flags=[flag],
        )
    for of in (w, v, t):
        b.refuse(
            f"serial-0-listed-{of.kind}-{of.product.lower()}",
            "The list names serial number 0, which every leaf has",
            ["VRF-048"],
            b.base(of, crl=True),
            listed(of.revocation().revoking(b"\0"), "revokedCertificates"),
            flags=["crl-vek-serial-ignored", "2-09"],
            title=f"The list names serial number 0, which every {of.kind.upper()} has",
        )
    leaf = w.leaf(serial=b"\x05").der()
    other = b.accept(
        "another-leaf-listed",
        "A VCEK with serial number 5, and a list that names 4",
        ["VRF-048"],
        w,
        w.input(vcek=leaf, crl=w.revocation().revoking(b"\x04").der()),
    )
    b.refuse(
        "leaf-listed",
        "The list names the serial number of a VCEK that is not 0",
        ["VRF-048"],
        other,
        listed(w.revocation().revoking(b"\x05"), "revokedCertificates"),
        flags=["crl-vek-serial-ignored"],
    )


def several(b: Book) -> None:
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    base, crl, ask = b.base(w, crl=True), w.revocation(), serial("ask", w)
    many = [der.integer_content(0x40000 + i) for i in range(300)]
    for name, title, of, serials in (
        ("asvk-of-the-line", "A list that names the ASVK, under a VCEK", w, [serial("asvk", w)]),
        ("ask-of-the-line", "A list that names the ASK, under a VLEK", v, [serial("ask", v)]),
        (
            "other-lines-ask",
            "A list that names the serial number of another line's ASK",
            w,
            [b"\x01\x00\x01"],
        ),
        ("ask-and-a-byte", "A list that names the ASK's serial number with a byte more", w, [ask + b"\0"]),
        ("ask-cut", "A list that names the ASK's serial number less its last byte", w, [ask[:-1]]),
        ("long-serial", "A list that names a serial number of 20 bytes", w, [b"\x7f" * 20]),
        ("many", "A list with 300 entries for others", w, many),
    ):
        made = of.revocation().revoking(*serials)
        b.vary(f"names-{name}", title, ["VRF-046"], b.base(of, crl=True), listed(made, "revokedCertificates"))
    for name, defect, made in (
        ("last-of-many", "The list names the ASK as the last of 301", crl.revoking(*many, ask)),
        ("first-of-many", "The list names the ASK as the first of 301", crl.revoking(ask, *many)),
        (
            "with-reason",
            "The list names the ASK, with a reason",
            replace(crl, entries=(replace(ask_entry(w), extensions=(Extension(REASON, b"\x0a\x01\x01"),)),)),
        ),
        (
            "on-hold",
            "The list names the ASK as on hold",
            replace(crl, entries=(replace(ask_entry(w), extensions=(Extension(REASON, b"\x0a\x01\x06"),)),)),
        ),
        (
            "date-to-come",
            "The list names the ASK with a revocation date that is to come",
            replace(crl, entries=(replace(ask_entry(w), date=der.utc_time("2026-01-15T00:00:00Z")),)),
        ),
        (
            "generalized-date",
            "The list names the ASK with a date in 2050",
            replace(crl, entries=(replace(ask_entry(w), date=der.generalized_time("2050-01-01T00:00:00Z")),)),
        ),
    ):
        b.refuse(
            f"ask-{name}", defect, ["VRF-046"], base, listed(made, "revokedCertificates"), flags=["2-09"]
        )


def extensions(b: Book) -> None:
    w = world("Genoa", 3)
    base, crl = b.base(w, crl=True), w.revocation()
    usual = crl.extensions or ()
    flags = ["crl-critical-extension"]
    made = replace(crl, extensions=(*usual, Extension(UNKNOWN, der.null(), True)))
    b.refuse(
        "unknown-critical",
        "The list has an unknown critical extension",
        ["VRF-049"],
        base,
        listed(made, "crlExtensions"),
        flags=flags,
    )
    another = Revoked(b"\x04", der.utc_time(THIS_UPDATE))
    issuer = der.sequence(der.tlv(0xA4, mint.name("SEV-Genoa")))
    for name, defect, extension in (
        (
            "entry-unknown-critical",
            "An entry for another has an unknown critical extension",
            Extension(UNKNOWN, b"", True),
        ),
        (
            "entry-issuer",
            "An entry for another names another issuer, critical",
            Extension(CERTIFICATE_ISSUER, issuer, True),
        ),
    ):
        made = replace(crl, entries=(replace(another, extensions=(extension,)),))
        b.refuse(name, defect, ["VRF-049"], base, listed(made, "crlEntryExtensions"), flags=flags)
    for name, title, new in (
        ("no-number", "A list without cRLNumber", (usual[0],)),
        ("no-key-id", "A list without authorityKeyIdentifier", (usual[1],)),
        ("other-key-id", "A list with another authorityKeyIdentifier", (_other_key_id(), usual[1])),
        ("unknown-extension", "A list with an unknown extension", (*usual, Extension(UNKNOWN, der.null()))),
        ("number-20-bytes", "A list whose cRLNumber has 20 bytes", (usual[0], _long_number())),
    ):
        b.vary(name, title, ["VRF-049"], base, listed(replace(crl, extensions=new), "crlExtensions"))
    entry = replace(another, extensions=(Extension(UNKNOWN, der.null()),))
    b.vary(
        "entry-unknown-extension",
        "An entry for another with an unknown extension",
        ["VRF-049"],
        base,
        listed(replace(crl, entries=(entry,)), "crlEntryExtensions"),
    )


def partial(b: Book) -> None:
    """Lists that say that they are a part: what they do not name may be revoked all the same."""
    w = world("Genoa", 3)
    base, crl = b.base(w, crl=True), w.revocation()
    usual = crl.extensions or ()
    only_users, only_attributes = (der.sequence(der.tlv(tag, b"\xff")) for tag in (0x81, 0x85))
    for name, defect, oid, value in (
        ("delta", "The list is a delta list", DELTA, der.integer(1)),
        ("only-users", "The list is of user certificates alone", SCOPE, only_users),
        ("only-attributes", "The list is of attribute certificates alone", SCOPE, only_attributes),
    ):
        made = replace(crl, extensions=(*usual, Extension(oid, value, critical=True)))
        flags = ["crl-partial-list", "crl-critical-extension"]
        b.refuse(name, defect, ["VRF-124"], base, listed(made, "crlExtensions"), flags=flags)
    whole = replace(crl, extensions=(*usual, _freshest()))
    title = "A whole list that names delta lists"
    b.vary("freshest", title, ["VRF-124", "VRF-049"], base, listed(whole, "crlExtensions"))


def _other_key_id() -> Extension:
    return Extension(AKI, der.sequence(der.tlv(0x80, bytes(20))))


def _freshest() -> Extension:
    return Extension("2.5.29.46", mint.crldp_value("http://crl.example/delta"))


def _long_number() -> Extension:
    return Extension(CRL_NUMBER, der.tlv(der.INTEGER, b"\x7f" * 20))


def forms(b: Book) -> None:
    """Versions, and DER inside the list."""
    w = world("Genoa", 3)
    base, crl = b.base(w, crl=True), w.revocation()
    entry = Revoked(b"\x04", der.utc_time(THIS_UPDATE))
    bad = replace(entry, date=der.tlv(der.UTC_TIME, b"251331000000Z"))
    for name, defect, made in (
        ("version-3", "The list is of version 3", replace(crl, version=der.integer(2))),
        (
            "padded-serial",
            "An entry's serial number is padded",
            replace(crl, entries=(replace(entry, serial=b"\0\4"),)),
        ),
        ("entry-date", "An entry's date is in month 13", replace(crl, entries=(bad,))),
        (
            "entry-serial-empty",
            "An entry's serial number has no bytes",
            replace(crl, entries=(replace(entry, serial=b""),)),
        ),
    ):
        b.refuse(
            f"form-{name}", defect, ["VRF-050"], base, listed(made, "tbsCertList"), flags=["crl-html-or-pem"]
        )


def add(b: Book) -> None:
    named(b)
    several(b)
    extensions(b)
    partial(b)
    forms(b)
