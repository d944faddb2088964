"""Family chain: versions, unique ids, rights, critical and repeated extensions."""

from __future__ import annotations

from dataclasses import replace

from reference import der, mint
from reference.families._book import Book, Changes, new_root
from reference.mint import BASIC, KEY_USAGE, SKI, Certificate, Extension
from reference.world import World, world

UNKNOWN = "1.2.3.4"
NAME_CONSTRAINTS, POLICIES, EXTENDED_USAGE = "2.5.29.30", "2.5.29.32", "2.5.29.37"
PERMITTED = der.sequence(der.explicit(0, der.sequence(der.sequence(der.tlv(0x82, b"example")))))
ANY_POLICY = der.sequence(der.sequence(der.oid("2.5.29.32.0")))
SERVER = der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))


def exchanged(slot: str, certificate: Certificate, field: str) -> Changes:
    """CERTIFICATE in SLOT, signed again; an ARK is the root, too."""
    if slot == "ark":
        return new_root(certificate.der(), field)
    signer = {"vcek": "ask", "vlek": "asvk"}.get(slot, "ark")
    return {f"certs.{slot}": (certificate.der(), field, signer)}


def of(w: World, slot: str) -> Certificate:
    return {w.kind: w.leaf, w.ca_kind: w.ca, "ark": w.ark}[slot]()


ONE = "A certificate"  # what defects speak of that are the same in whichever certificate they are


def called(slot: str) -> str:
    return "The ARK, a given root," if slot == "ark" else f"The {slot.upper()}"


def versions(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    for slot, number, name, what in (
        ("vcek", None, "v1", "is a version 1 certificate with extensions"),
        ("vcek", 0, "v1-explicit", "spells out version 1"),
        ("vcek", 1, "v2", "is a version 2 certificate with extensions"),
        ("vcek", 3, "v4", "is a version 4 certificate"),
        ("ask", None, "v1", "is a version 1 certificate with extensions"),
        ("ark", None, "v1", "is a version 1 certificate with extensions"),
    ):
        version = b"" if number is None else der.explicit(0, der.integer(number))
        made = replace(of(w, slot), version=version)
        # A version that DER or X.509 does not have makes it no certificate at all.
        requirement = ["VRF-106", "VRF-040"] if number in (0, 3) else ["VRF-106"]
        b.refuse(
            f"{slot}-{name}",
            f"{ONE} {what}",
            requirement,
            base,
            exchanged(slot, made, "version"),
            title=f"{called(slot)} {what}",
            boundary=f"in the {slot.upper()}",
        )
    ids = {"issuer": b"\x81\x02\x00\x55", "subject": b"\x82\x02\x00\x55"}
    for slot, which in (("vcek", "issuer"), ("vcek", "subject"), ("ask", "subject"), ("ark", "issuer")):
        made = replace(of(w, slot), unique_ids=ids[which])
        article = "an" if which == "issuer" else "a"
        b.refuse(
            f"{slot}-{which}-unique-id",
            f"{ONE} has a unique id",
            ["VRF-106"],
            base,
            exchanged(slot, made, f"{which}UniqueID"),
            title=f"{called(slot)} has {article} {which}UniqueID",
            boundary=f"the {which}'s, in the {slot.upper()}",
        )


def rights(b: Book, w: World, slot: str, name: str, what: str, made: Certificate, oid: str) -> None:
    """A CA certificate whose rights, its extension OID, are MADE otherwise."""
    twice = name.endswith("-twice")
    b.refuse(
        f"{slot}-{name}",
        f"{ONE} has an extension twice" if twice else f"A CA certificate {what}",
        ["VRF-108" if twice else "VRF-035"],
        b.base(w),
        exchanged(slot, made, {BASIC: "basicConstraints", KEY_USAGE: "keyUsage"}[oid]),
        flags=["chain-ask-not-ca"],
        title=f"{called(slot)} {what}",
        boundary=f"{slot.upper()}: {what}",
    )


def basic_constraints(b: Book) -> None:
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    good = {"ask": mint.basic_value(True, 0), "ark": mint.basic_value(True, None)}

    def value(slot: str, name: str, what: str, made: bytes, of_world: World = w) -> None:
        rights(b, of_world, slot, name, what, of(of_world, slot).with_extension(BASIC, made), BASIC)

    value("ask", "not-ca", "says cA FALSE", mint.basic_value(False, None))
    value("ask", "not-ca-path-0", "says no cA, yet a path length", mint.basic_value(False, 0))
    value("ask", "path-1", "has path length 1", mint.basic_value(True, 1))
    value("ask", "no-path", "has no path length", mint.basic_value(True, None))
    value("ask", "path-negative", "has path length -1", mint.basic_value(True, -1))
    value("ask", "basic-trailing", "has a byte after its basicConstraints", good["ask"] + b"\0")
    value("ask", "ca-boolean-1", "says cA with a BOOLEAN of 01", bytes.fromhex("3006010101020100"))
    value("ask", "basic-type", "has an OCTET STRING for basicConstraints", der.octets(b"\x01\x01\xff"))
    value("ark", "not-ca", "says cA FALSE", mint.basic_value(False, None))
    value("ark", "path-0", "has path length 0", mint.basic_value(True, 0))
    value("asvk", "not-ca", "says cA FALSE", mint.basic_value(False, None), v)
    for slot in ("ask", "ark"):
        certificate = of(w, slot)
        for name, what, new in (
            ("no-basic", "has no basicConstraints", ()),
            (
                "basic-not-critical",
                "has basicConstraints that are not critical",
                (Extension(BASIC, good[slot]),),
            ),
            ("basic-twice", "has basicConstraints twice", (Extension(BASIC, good[slot], True),) * 2),
        ):
            rights(b, w, slot, name, what, certificate.with_extensions(BASIC, *new), BASIC)


def key_usage(b: Book) -> None:
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    for slot, name, what, made in (
        ("ask", "usage-crl-sign", "has keyUsage cRLSign alone", "03020102"),
        ("ask", "usage-signature", "has keyUsage digitalSignature alone", "03020780"),
        ("ask", "usage-empty", "has an empty keyUsage", "030100"),
        ("ask", "usage-type", "has an OCTET STRING for keyUsage", "04020104"),
        ("ask", "usage-trailing", "has a byte after its keyUsage", "0302010400"),
        ("ark", "usage-crl-sign", "has keyUsage cRLSign alone", "03020102"),
        ("asvk", "usage-signature", "has keyUsage digitalSignature alone", "03020780"),
    ):
        of_world = v if slot == "asvk" else w
        certificate = of(of_world, slot).with_extension(KEY_USAGE, bytes.fromhex(made))
        rights(b, of_world, slot, name, what, certificate, KEY_USAGE)
    for slot, value in (("ask", "03020104"), ("ark", "03020106")):
        same = bytes.fromhex(value)
        for name, what, new in (
            ("no-usage", "has no keyUsage", ()),
            ("usage-not-critical", "has a keyUsage that is not critical", (Extension(KEY_USAGE, same),)),
            ("usage-twice", "has keyUsage twice", (Extension(KEY_USAGE, same, True),) * 2),
        ):
            rights(b, w, slot, name, what, of(w, slot).with_extensions(KEY_USAGE, *new), KEY_USAGE)


def leaf_rights(b: Book) -> None:
    flags = ["chain-leaf-is-ca-misuse"]
    for w in (world("Genoa", 3), world("Milan", 3, "vlek")):
        slot = w.kind
        for name, what, extension in (
            ("ca", "says cA TRUE", Extension(BASIC, mint.basic_value(True, None), True)),
            ("ca-not-critical", "says cA TRUE, not critical", Extension(BASIC, mint.basic_value(True, 0))),
            ("cert-sign", "has keyUsage keyCertSign", Extension(KEY_USAGE, bytes.fromhex("03020204"), True)),
            ("crl-sign", "has keyUsage cRLSign", Extension(KEY_USAGE, bytes.fromhex("03020102"), True)),
        ):
            if slot == "vlek" and name != "ca":
                continue
            b.refuse(
                f"{slot}-{name}",
                f"A leaf {what}",
                ["VRF-035"],
                b.base(w),
                exchanged(slot, w.leaf().and_extension(extension), "extensions"),
                flags=flags,
                title=f"{called(slot)} {what}",
            )


def unreadable_rights(b: Book) -> None:
    """A leaf whose rights cannot be read has none to go by."""
    w = world("Genoa", 3)
    for name, what, extension in (
        ("basic-null", "has a NULL for basicConstraints", Extension(BASIC, der.null())),
        ("basic-empty", "has basicConstraints of no bytes", Extension(BASIC, b"")),
        ("usage-null", "has a NULL for keyUsage", Extension(KEY_USAGE, der.null())),
        ("usage-empty", "has a keyUsage without bits", Extension(KEY_USAGE, bytes.fromhex("030100"))),
    ):
        changes = exchanged("vcek", w.leaf().and_extension(extension), "extensions")
        b.refuse(f"vcek-{name}", f"{called('vcek')} {what}", ["VRF-035"], b.base(w), changes)


def critical(b: Book) -> None:
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    flags = ["chain-unknown-critical-ext"]
    for slot, name, what, extension in (
        ("vcek", "critical-unknown", "an unknown critical extension", Extension(UNKNOWN, der.null(), True)),
        ("vlek", "critical-unknown", "an unknown critical extension", Extension(UNKNOWN, der.null(), True)),
        ("ask", "critical-unknown", "an unknown critical extension", Extension(UNKNOWN, der.null(), True)),
        ("ark", "critical-unknown", "an unknown critical extension", Extension(UNKNOWN, der.null(), True)),
        (
            "vcek",
            "critical-usage",
            "a critical extKeyUsage for TLS servers",
            Extension(EXTENDED_USAGE, SERVER, True),
        ),
        ("ask", "critical-names", "critical nameConstraints", Extension(NAME_CONSTRAINTS, PERMITTED, True)),
        ("ask", "critical-policies", "critical certificatePolicies", Extension(POLICIES, ANY_POLICY, True)),
    ):
        of_world = v if slot == "vlek" else w
        certificate = of(of_world, slot).and_extension(extension)
        b.refuse(
            f"{slot}-{name}",
            f"{ONE} has {what}",
            ["VRF-037"],
            b.base(of_world),
            exchanged(slot, certificate, "extensions"),
            flags=flags,
            title=f"{called(slot)} has {what}",
            boundary=f"in the {slot.upper()}",
        )
    base = b.base(w)
    for slot, certificate in (
        ("vcek", w.leaf().and_extension(*(Extension(SKI, der.octets(bytes(20))),) * 2)),
        ("ask", w.ca().and_extension(Extension(SKI, der.octets(bytes(20))))),
        ("ark", w.ark().and_extension(Extension(SKI, der.octets(bytes(20))))),
    ):
        what = "has a subjectKeyIdentifier twice"
        b.refuse(
            f"{slot}-ski-twice",
            f"{ONE} has an extension twice",
            ["VRF-108"],
            base,
            exchanged(slot, certificate, "extensions"),
            title=f"{called(slot)} {what}",
            boundary=f"{slot.upper()}: {what}",
        )


def add(b: Book) -> None:
    versions(b)
    basic_constraints(b)
    key_usage(b)
    leaf_rights(b)
    unreadable_rights(b)
    critical(b)
