"""Family extension: which extensions a leaf has, how often, in which order, and their outer form."""

from __future__ import annotations

from dataclasses import replace

from reference import der, keys, mint
from reference.families._book import Book, Change
from reference.mint import (
    AKI,
    ARC,
    BASIC,
    CSP_ID,
    HWID,
    KEY_USAGE,
    PRODUCT_NAME,
    SKI,
    SPL,
    STRUCT_VERSION,
    Certificate,
    Extension,
)
from reference.world import CSP, World, world

# What each extension is called, and the requirement that asks for it.
NAMES = {oid: spl if spl.startswith("spl_") else f"{spl}SPL" for spl, oid in SPL.items()}
NAMES |= {STRUCT_VERSION: "structVersion", PRODUCT_NAME: "productName", HWID: "hwID", CSP_ID: "cspID"}
ASKED = {STRUCT_VERSION: "VRF-111", PRODUCT_NAME: "VRF-110", HWID: "VRF-053", CSP_ID: "VRF-054"}
TWICE = ["VRF-059", "VRF-108"]  # of an SPL; other extensions are the second alone
OTHER_OID = "1.2.3.4"


def flagged(w: World, leaf: Certificate, field: str) -> dict[str, Change]:
    """The change to LEAF, signed anew."""
    return {f"certs.{w.kind}": (leaf.der(), field, w.ca_kind)}


def slug(oid: str) -> str:
    return NAMES[oid].lower().replace("_", "-")


def all_of_them() -> list[tuple[World, str]]:
    """Every extension of AMD's once, in a leaf that has it."""
    w, t, v = world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")
    mine = [(w, extension.oid) for extension in w.leaf().extensions or ()]
    return [*mine, (t, SPL["fmc"]), (v, CSP_ID)]


def found(leaf: Certificate, oid: str) -> Extension:
    return next(extension for extension in leaf.extensions or () if extension.oid == oid)


def sets(b: Book) -> None:
    for w, oid in all_of_them():
        leaf, name = w.leaf(), NAMES[oid]
        same = found(leaf, oid)
        missing(b, w, oid, f"no-{slug(oid)}", "2-14")
        b.refuse(
            f"{slug(oid)}-twice",
            "The leaf has an extension of AMD's twice, both alike",
            TWICE if oid in SPL.values() else TWICE[1:],
            b.base(w),
            flagged(w, leaf.with_extensions(oid, same, same), name),
            flags=["ext-oid-duplicate"],
            title=f"The leaf has {name} twice, both alike",
            boundary=name,
        )
        b.refuse(
            f"{slug(oid)}-critical",
            "An extension of AMD's is critical",
            ["VRF-109", "VRF-037"],
            b.base(w),
            flagged(w, leaf.with_extensions(oid, replace(same, critical=True)), name),
            flags=["chain-unknown-critical-ext"],
            title=f"The leaf's {name} is critical",
            boundary=name,
        )
    for w in (world("Turin", 5), world("Milan", 3, "vlek")):
        missing(b, w, SPL["snp"], f"no-snpspl-{w.kind}-{w.product.lower()}")


def missing(b: Book, w: World, oid: str, name: str, *flags: str) -> None:
    """The leaf without the extension OID."""
    what = NAMES[oid]
    own = {HWID: "bind-hwid-ext-missing", SPL["fmc"]: "tcb-turin-fmc-missing"}
    b.refuse(
        name,
        "The leaf lacks an extension of AMD's",
        [ASKED[oid], "VRF-059"] if oid in ASKED else ["VRF-059"],
        b.base(w),
        flagged(w, w.leaf().with_extensions(oid), what),
        flags=["ext-oid-missing-skip", *flags, *([own[oid]] if oid in own else [])],
        title=f"The leaf has no {what}",
        boundary=what,
    )


def doubles(b: Book) -> None:
    """Two values of one extension: the right one first, or last."""
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    other = Extension(SPL["snp"], der.integer(5))
    chip = Extension(HWID, bytes(reversed(w.hwid)))
    csp = Extension(CSP_ID, der.text(der.IA5, "CN=other.example"))
    for of, oid, extra in ((w, SPL["snp"], other), (w, HWID, chip), (v, CSP_ID, csp)):
        leaf, name = of.leaf(), NAMES[oid]
        right = found(leaf, oid)
        for which, pair in (("first", (right, extra)), ("last", (extra, right))):
            b.refuse(
                f"{slug(oid)}-twice-right-{which}",
                f"The leaf has two values of an extension of AMD's, the right one {which}",
                TWICE if oid in SPL.values() else TWICE[1:],
                b.base(of),
                flagged(of, leaf.with_extensions(oid, *pair), name),
                flags=["ext-oid-duplicate"],
                title=f"The leaf has two values of {name}, the right one {which}",
                boundary=name,
            )


def strangers(b: Book) -> None:
    """Extensions of the arc that the leaf's line or kind does not have."""
    w, t, v = world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")
    milan = world("Milan", 3)
    zero = der.integer(0)
    hwid = Extension(HWID, v.hwid)
    csp = Extension(CSP_ID, der.text(der.IA5, CSP))
    for of, name, defect, extension in (
        (w, "fmc-on-genoa", "A Genoa VCEK has an fmcSPL", Extension(SPL["fmc"], zero)),
        (milan, "fmc-on-milan", "A Milan VCEK has an fmcSPL", Extension(SPL["fmc"], zero)),
        (v, "fmc-on-vlek", "A Milan VLEK has an fmcSPL", Extension(SPL["fmc"], zero)),
        (t, "spl-4-on-turin", "A Turin VCEK has an spl_4", Extension(SPL["spl_4"], zero)),
        (v, "hwid-on-vlek", "A VLEK has a hwID beside its cspID", hwid),
        (w, "csp-id-on-vcek", "A VCEK has a cspID beside its hwID", csp),
        (w, "arc-6", "A VCEK has an unknown extension right under AMD's arc", Extension(f"{ARC}.6", zero)),
        (w, "arc-3-10", "A VCEK has a tenth SPL", Extension(f"{ARC}.3.10", zero)),
        (w, "arc-3-0", "A VCEK has an SPL number 0", Extension(f"{ARC}.3.0", zero)),
        (w, "arc-3", "A VCEK has the SPLs' own arc as an extension", Extension(f"{ARC}.3", zero)),
        (w, "arc-itself", "A VCEK has AMD's arc itself as an extension", Extension(ARC, zero)),
        (w, "arc-deeper", "A VCEK has an extension under blSPL", Extension(f"{SPL['bl']}.1", zero)),
        (w, "arc-3-128", "A VCEK has an SPL number 128", Extension(f"{ARC}.3.128", zero)),
        (
            v,
            "arc-6-vlek",
            "A VLEK has an unknown extension right under AMD's arc",
            Extension(f"{ARC}.6", zero),
        ),
    ):
        b.refuse(
            name,
            defect,
            ["VRF-054", "VRF-109"] if name == "hwid-on-vlek" else ["VRF-109"],
            b.base(of),
            flagged(of, of.leaf().and_extension(extension), "extensions"),
        )
    leaf = v.leaf().with_extensions(CSP_ID, hwid)
    b.refuse(
        "vlek-hwid-for-csp-id",
        "A VLEK has a hwID in place of its cspID",
        ["VRF-054", "VRF-109"],
        b.base(v),
        {"certs.vlek": (leaf.der(), "cspID, hwID", "asvk")},
    )
    leaf = w.leaf().with_extensions(HWID, csp)
    b.refuse(
        "vcek-csp-id-for-hwid",
        "A VCEK has a cspID in place of its hwID",
        ["VRF-053", "VRF-109"],
        b.base(w),
        {"certs.vcek": (leaf.der(), "cspID, hwID", "ask")},
        flags=["bind-hwid-ext-missing"],
    )
    b.refuse(
        "no-extensions",
        "The leaf has no extensions",
        ["VRF-059"],
        b.base(w),
        {"certs.vcek": (w.leaf(extensions=None).der(), "version, extensions", "ask")},
        flags=["ext-oid-missing-skip"],
    )


def order(b: Book) -> None:
    for w in (world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")):
        leaf = w.leaf()
        extensions = leaf.extensions or ()
        for name, title, new in (
            ("reversed", "The extensions come in reverse", extensions[::-1]),
            ("sorted", "The extensions come in the order of their OIDs", tuple(sorted(extensions, key=_oid))),
        ):
            b.vary(
                f"order-{name}-{w.kind}-{w.product.lower()}",
                f"{w.product}: {title.lower()}",
                ["VRF-059"],
                b.base(w),
                flagged(w, replace(leaf, extensions=new), "extensions"),
            )


def _oid(extension: Extension) -> bytes:
    return der.oid_content(extension.oid)


def others(b: Book) -> None:
    """Extensions of other arcs, which do not matter as long as they are not critical."""
    w, v, t = world("Genoa", 3), world("Milan", 3, "vlek"), world("Turin", 5)
    usage = bytes.fromhex("03020780")
    url = mint.crldp_value("https://kdsintf.amd.com/vcek/v1/Genoa/crl")
    for name, title, of, extension in (
        ("ski", "A subjectKeyIdentifier", w, Extension(SKI, der.octets(bytes(range(20))))),
        ("ski-vlek", "A subjectKeyIdentifier in a VLEK", v, Extension(SKI, der.octets(bytes(range(20))))),
        (
            "aki",
            "An authorityKeyIdentifier",
            w,
            Extension(AKI, mint.aki_value(keys.root("ask", "Genoa"))),
        ),
        (
            "aki-wrong",
            "An authorityKeyIdentifier that is not the ASK's",
            w,
            Extension(AKI, der.sequence(der.tlv(0x80, bytes(20)))),
        ),
        ("usage", "A keyUsage digitalSignature", w, Extension(KEY_USAGE, usage)),
        ("usage-critical", "A critical keyUsage digitalSignature", w, Extension(KEY_USAGE, usage, True)),
        ("not-ca", "A critical basicConstraints that says no CA", w, Extension(BASIC, der.sequence(), True)),
        ("crldp", "A cRLDistributionPoints", w, Extension("2.5.29.31", url)),
        ("unknown", "An unknown extension", w, Extension(OTHER_OID, b"anything")),
        ("unknown-turin", "An unknown extension in a Turin VCEK", t, Extension(OTHER_OID, b"anything")),
        (
            "amd-other-arc",
            "An extension of another arc of AMD's",
            w,
            Extension("1.3.6.1.4.1.3704.2.1", der.integer(0)),
        ),
        (
            "arc-by-digits",
            "An OID that only begins with the digits of AMD's arc",
            w,
            Extension("1.3.6.1.4.1.3704.11.1", der.integer(0)),
        ),
    ):
        b.vary(
            f"extra-{name}",
            f"{title} more",
            ["VRF-038"],
            b.base(of),
            flagged(of, of.leaf().and_extension(extension), "extensions"),
            flags=["chain-key-id-mismatch"] if name == "aki-wrong" else ["ext-extra-unknown-noncritical"],
        )


def outer_form(b: Book) -> None:
    """The SEQUENCE around an extension's value."""
    w = world("Genoa", 3)
    leaf, oid = w.leaf(), SPL["snp"]
    parts = der.oid(oid) + der.octets(der.integer(w.tcb.snp))
    name, content = der.oid(oid), der.integer(w.tcb.snp)
    for slug_, defect, raw in (
        (
            "flag-1",
            "snpSPL has a critical flag of 01",
            der.sequence(name, b"\x01\x01\x01", der.octets(content)),
        ),
        ("element-more", "snpSPL has an element after its value", der.sequence(parts, der.null())),
        ("bit-string", "snpSPL's value is in a BIT STRING", der.sequence(name, der.bits(content))),
        ("no-value", "snpSPL has no value", der.sequence(name)),
        (
            "constructed",
            "snpSPL's OCTET STRING is in two parts",
            der.sequence(name, der.tlv(0x24, der.octets(content[:2]) + der.octets(content[2:]))),
        ),
        (
            "padded-oid",
            "snpSPL's OID has a padded arc",
            der.sequence(der.tlv(6, der.oid_content(oid)[:-1] + b"\x80\x03"), der.octets(content)),
        ),
    ):
        made = leaf.with_extensions(oid, replace(found(leaf, oid), raw=raw))
        b.refuse(f"outer-{slug_}", defect, ["VRF-040"], b.base(w), flagged(w, made, "snpSPL"))


def add(b: Book) -> None:
    sets(b)
    doubles(b)
    strangers(b)
    order(b)
    others(b)
    outer_form(b)
