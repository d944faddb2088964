"""Family chain: names of issuers and subjects."""

from __future__ import annotations

from reference import der, mint
from reference.families._book import Book, new_root
from reference.mint import COMMON_NAME, RDN, rdn, rdns
from reference.world import world

ATTRIBUTES = ("OU", "C", "L", "ST", "O", "CN")
OTHER_VALUES = ("Engineer", "DE", "Santa Klara", "TX", "Advanced Micro Devices, Inc.")


def written(attributes: tuple[RDN, ...]) -> bytes:
    return der.sequence(*(rdn(attribute) for attribute in attributes))


def with_value(common_name: str, place: int, value: str, tag: int | None = None) -> bytes:
    """AMD's name with another value, or string type, of one attribute."""
    attributes = list(rdns(common_name))
    oid, old, _ = attributes[place]
    attributes[place] = (oid, tag or old, value)
    return written(tuple(attributes))


def issuers(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    flags = ["chain-issuer-name-mismatch"]
    b.refuse(
        "leaf-issuer-other-line",
        "The VCEK that the ASK signed names another line's ASK as its issuer",
        ["VRF-028"],
        base,
        {"certs.vcek": (w.leaf(issuer=mint.name("SEV-Milan")).der(), "issuer.CN", "ask")},
        flags=flags,
    )
    b.refuse(
        "leaf-issuer-ark",
        "The VCEK that the ASK signed names the ARK as its issuer",
        ["VRF-028"],
        base,
        {"certs.vcek": (w.leaf(issuer=mint.name("ARK-Genoa")).der(), "issuer.CN", "ask")},
        flags=flags,
    )
    printable = with_value("SEV-Genoa", 5, "SEV-Genoa", der.PRINTABLE)
    b.refuse(
        "leaf-issuer-string-type",
        "The VCEK names its issuer with another string type than the ASK names itself",
        ["VRF-028", "VRF-029"],
        base,
        {"certs.vcek": (w.leaf(issuer=printable).der(), "issuer.CN", "ask")},
        flags=flags,
    )
    v = world("Milan", 3, "vlek")
    b.refuse(
        "vlek-issuer-ask",
        "The VLEK that the ASVK signed names the ASK as its issuer",
        ["VRF-028"],
        b.base(v),
        {"certs.vlek": (v.leaf(issuer=mint.name("SEV-Milan")).der(), "issuer.CN", "asvk")},
        flags=flags,
    )
    b.refuse(
        "ask-issuer-other-line",
        "The ASK that the ARK signed names another line's ARK as its issuer",
        ["VRF-028"],
        base,
        {"certs.ask": (w.ca(issuer=mint.name("ARK-Milan")).der(), "issuer.CN", "ark")},
        flags=flags,
    )
    b.refuse(
        "ark-issuer-other-line",
        "The ARK that its own key signed names another line's ARK as its issuer, where no root is given",
        ["VRF-028"],
        b.known_anchor(w),
        {"certs.ark": (w.ark(issuer=mint.name("ARK-Milan")).der(), "issuer.CN", "ark")},
        flags=flags,
    )


def leaf_subjects(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    names = rdns("SEV-VCEK")

    def subject(name: str, what: str, made: bytes, *flags: str, one_of: str = "") -> None:
        """ONE_OF: what such a subject does, of which WHAT is one way."""
        b.refuse(
            f"subject-{name}",
            f"The VCEK's subject {one_of or what}",
            ["VRF-029"],
            base,
            {"certs.vcek": (w.leaf(subject=made).der(), "subject", "ask")},
            flags=flags,
            title=f"The VCEK's subject {what}",
            boundary=what if one_of else None,
        )

    for i, attribute in enumerate(ATTRIBUTES):
        left = written(names[:i] + names[i + 1 :])
        subject(f"no-{attribute.lower()}", f"has no {attribute}", left, one_of="lacks an attribute")
    for i, value in enumerate(OTHER_VALUES):
        attribute, made = ATTRIBUTES[i], with_value("SEV-VCEK", i, value)
        one_of = "has another value of an attribute"
        subject(f"other-{attribute.lower()}", f"has another {attribute}", made, one_of=one_of)
    for name, defect, value in (
        ("cn-with-line", "has a CN with the line behind SEV-VCEK", "SEV-VCEK-Genoa"),
        ("cn-inside", "has a CN in which SEV-VCEK only occurs", "XSEV-VCEK"),
        ("cn-vcek", "has the CN VCEK", "VCEK"),
        ("cn-lower-case", "has its CN in lower case", "sev-vcek"),
        ("cn-space", "has a CN with a space behind it", "SEV-VCEK "),
        ("cn-nul", "has a CN with a NUL behind it", "SEV-VCEK\0"),
        ("cn-empty", "has an empty CN", ""),
    ):
        subject(name, defect, with_value("SEV-VCEK", 5, value), "chain-cn-substring")
    for name, defect, place, value, tag in (
        ("c-utf8", "has C as a UTF8String", 1, "US", der.UTF8),
        ("o-printable", "has O as a PrintableString", 4, "Advanced Micro Devices", der.PRINTABLE),
        ("cn-printable", "has CN as a PrintableString", 5, "SEV-VCEK", der.PRINTABLE),
        ("cn-bmp", "has CN as a BMPString", 5, "SEV-VCEK", der.BMP),
        ("cn-ia5", "has CN as an IA5String", 5, "SEV-VCEK", der.IA5),
    ):
        one_of = "has an attribute of another string type"
        subject(name, defect, with_value("SEV-VCEK", place, value, tag), one_of=one_of)
    subject("order", "has C before OU", written((names[1], names[0], *names[2:])))
    subject("reversed", "has its attributes in reverse", written(names[::-1]))
    serial = ("2.5.4.5", der.PRINTABLE, "1")
    subject("extra-last", "has a serialNumber behind the others", written((*names, serial)))
    subject("extra-first", "has a serialNumber before the others", written((serial, *names)))
    subject("cn-twice", "has its CN twice", written((*names, names[5])))
    other = (COMMON_NAME, der.UTF8, "SEV-VLEK")
    subject("two-cns", "has two CNs, the first of a VLEK", written((*names[:5], other, names[5])))
    joint = der.set_of(*(_pair(attribute) for attribute in (names[0], names[1])))
    made = der.sequence(joint, *(rdn(attribute) for attribute in names[2:]))
    subject("joint-rdn", "has OU and C in one RDN", made)
    rows = [rdn(attribute) for attribute in names]
    subject("empty-rdn", "has an RDN without an attribute", der.sequence(*rows[:3], der.set_of(), *rows[3:]))
    subject("empty", "is empty", der.sequence())


def _pair(attribute: RDN) -> bytes:
    oid, tag, value = attribute
    return der.sequence(der.oid(oid), der.text(tag, value))


def ca_subjects(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    for name, defect, made in (
        ("no-ou", "has no OU", written(rdns("SEV-Genoa")[1:])),
        ("other-o", "has another O", with_value("SEV-Genoa", 4, OTHER_VALUES[4])),
        (
            "cn-printable",
            "has CN as a PrintableString",
            with_value("SEV-Genoa", 5, "SEV-Genoa", der.PRINTABLE),
        ),
        ("cn-line-longer", "has a CN that goes on after the line", mint.name("SEV-Genoa-B1")),
        ("cn-no-line", "has a CN without a line", mint.name("SEV")),
        ("cn-chip", "has the name of a chip that has no CA of its own", mint.name("SEV-Bergamo")),
        ("cn-case", "has a CN in upper case", mint.name("SEV-GENOA")),
    ):
        b.refuse(
            f"ask-{name}",
            f"The ASK's subject {defect}",
            ["VRF-029"],
            base,
            {
                "certs.ask": (w.ca(subject=made).der(), "subject", "ark"),
                "certs.vcek": (w.leaf(issuer=made).der(), "issuer", "ask"),
            },
        )
    for name, defect, made in (
        ("no-c", "has no C", written((*rdns("ARK-Genoa")[:1], *rdns("ARK-Genoa")[2:]))),
        ("other-o", "has another O", with_value("ARK-Genoa", 4, OTHER_VALUES[4])),
        ("cn-no-line", "has a CN without a line", mint.name("ARK")),
        ("cn-longer", "has a CN that goes on after the line", mint.name("ARK-Genoa-2")),
        ("cn-of-ask", "is the ASK's", mint.name("SEV-Genoa")),
    ):
        b.refuse(
            f"ark-{name}",
            f"The subject of the ARK, a given root, {defect}",
            ["VRF-029"],
            base,
            new_root(w.ark(subject=made, issuer=made).der(), "subject, issuer")
            | {"certs.ask": (w.ca(issuer=made).der(), "issuer", "ark")},
        )


def add(b: Book) -> None:
    issuers(b)
    leaf_subjects(b)
    ca_subjects(b)
