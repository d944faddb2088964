"""Cases of the family signature about SIGNING_KEY: which key signs, and that the leaf is of that kind."""

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
    """Firmware signs with no VCEK while MASK_CHIP_KEY is set, and says so in SIGNING_KEY."""
    w = world("Genoa", 3)
    report = w.put("KEY_INFO", 2)
    chip = {"CHIP_ID": bytes(64)}
    no_chip = b.vary(
        "mask-chip-key-absent",
        "CHIP_ID is zero, which the policy allows, and MASK_CHIP_KEY is not set",
        ["VRF-057"],
        b.base(w),
        {"report": (w.puts(chip), "CHIP_ID", "vcek"), "policy.allow_masked_chip_id": (True, "", None)},
    )
    for name, defect, twin, changed, field, signer, flag in (
        (
            "",
            "MASK_CHIP_KEY is set, SIGNING_KEY says VCEK, and the signature is zeros",
            b.base(w),
            report[:SIGNED] + bytes(512),
            "KEY_INFO, SIGNATURE",
            None,
            "sig-mask-chip-key-zero",
        ),
        (
            "-signed",
            "MASK_CHIP_KEY is set, and the VCEK's signature is good",
            b.base(w),
            report,
            "KEY_INFO",
            "vcek",
            "sig-mask-chip-key-but-signed",
        ),
        (
            "-no-chip",
            "MASK_CHIP_KEY is set, CHIP_ID is zero, and the VCEK's signature is good",
            no_chip,
            w.puts(chip | {"KEY_INFO": 2}),
            "KEY_INFO",
            "vcek",
            "2-25",
        ),
    ):
        b.refuse(
            f"mask-chip-key{name}",
            defect,
            ["VRF-125"],
            twin,
            {"report": (changed, field, signer)},
            stage="signer",
            layer="signer",
            flags=[flag],
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
