"""Cases of the family signature about KEY_INFO: which key signs, the kind of leaf, masked keys."""

from __future__ import annotations

from reference.families._book import Book
from reference.world import SIGNED, world


def _values(b: Book) -> None:
    w = world("Genoa", 5)
    base = b.base(w)

    def refuse(
        name: str,
        defect: str,
        requirement: str,
        report: bytes,
        field: str,
        signer: str | None,
        flag: str,
        **more: str,
    ) -> None:
        change = {"report": (report, field, signer)}
        more |= {"stage": "signer", "layer": "signer"}
        b.refuse(name, defect, [requirement], base, change, flags=[flag], **more)

    none = w.put("KEY_INFO", 0x1C)
    refuse(
        "signing-key-none",
        "SIGNING_KEY is 7, none, and the signature is zeros as firmware writes it then",
        "VRF-017",
        none[:SIGNED] + bytes(512),
        "KEY_INFO, SIGNATURE",
        None,
        "signer-none-accepted",
    )
    refuse(
        "signing-key-none-signed",
        "SIGNING_KEY is 7, none, and the VCEK's signature is good",
        "VRF-017",
        none,
        "KEY_INFO",
        "vcek",
        "signer-none-accepted",
    )
    for value in range(2, 7):
        refuse(
            f"signing-key-{value}",
            "SIGNING_KEY is a reserved value",
            "VRF-018",
            w.put("KEY_INFO", value << 2),
            "KEY_INFO",
            "vcek",
            "signer-reserved-2-to-6",
            title=f"SIGNING_KEY is {value}, which is reserved, and the VCEK's signature is good",
            boundary=f"the value {value}",
        )


def _masked(b: Book) -> None:
    """MASK_CHIP_KEY excuses no signature. Whether a VCEK's is taken beside it is for family policy."""
    w = world("Genoa", 3)
    vlek = world("Milan", 3, "vlek")
    masked_vlek = vlek.put("KEY_INFO", 6)
    b.vary(
        "mask-chip-key-vlek",
        "MASK_CHIP_KEY says nothing about a VLEK",
        ["VRF-021"],
        b.base(vlek),
        {"report": (masked_vlek, "KEY_INFO", "vlek")},
    )
    for name, twin, report, field in (
        ("mask-chip-key-zero", b.base(w), w.put("KEY_INFO", 2), "KEY_INFO, SIGNATURE"),
        ("mask-chip-key-vlek-zero", "mask-chip-key-vlek", masked_vlek, "SIGNATURE"),
    ):
        b.refuse(
            name,
            "A signature of zeros beside MASK_CHIP_KEY",
            ["VRF-063"],
            twin,
            {"report": (report[:SIGNED] + bytes(512), field, None)},
            stage="signature",
            flags=["sig-mask-chip-key-zero"],
        )


def _kinds(b: Book) -> None:
    vcek, vlek = world("Genoa", 5), world("Genoa", 5, "vlek")
    for w, says, named in ((vlek, 0, "vcek"), (vcek, 4, "vlek")):
        b.refuse(
            f"signing-key-not-{w.kind}",
            f"SIGNING_KEY names a {named.upper()}, leaf and signature are a {w.kind.upper()}'s",
            ["VRF-016"],
            b.base(w),
            {"report": (w.put("KEY_INFO", says), "KEY_INFO", w.kind)},
            stage="signer",
            layer="signer",
            flags=[f"signer-field-says-{named}-leaf-is-{w.kind}"],
        )
    for w, other in ((vcek, vlek), (vlek, vcek)):
        more = {f"certs.{kind}": (other.certs[kind], "", None) for kind in (other.kind, other.ca_kind)}
        both = b.vary(
            f"both-leaves-{w.kind}",
            f"VCEK and VLEK are both there: SIGNING_KEY says that the {w.kind.upper()} signed",
            ["VRF-020"],
            b.base(w),
            more,
            layer="signer",
            flags=["signer-both-leaves-present"],
        )
        b.refuse(
            f"both-leaves-not-{w.kind}",
            f"VCEK and VLEK are there, and the {other.kind.upper()} signed, which SIGNING_KEY does not name",
            ["VRF-020", "VRF-062"],
            both,
            {"report": (other.sign(w.report), "SIGNATURE", None)},
            flags=["signer-both-leaves-present"],
        )


def add(b: Book) -> None:
    _values(b)
    _masked(b)
    _kinds(b)
