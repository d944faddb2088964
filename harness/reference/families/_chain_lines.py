"""Family chain: the product line of report and chain."""

from __future__ import annotations

from reference import mint
from reference.families._book import Book
from reference.families._chain_anchor import WHOLE
from reference.world import world

FAMILY_MODEL = {"Milan": (0x19, 0x01), "Genoa": (0x19, 0x11), "Turin": (0x1A, 0x02)}


def lines(b: Book) -> None:
    """The line of report and chain."""
    for product, said, version in (
        ("Genoa", "Milan", 3),
        ("Milan", "Genoa", 5),
        ("Turin", "Genoa", 5),
        ("Genoa", "Turin", 5),
    ):
        w = world(product, version)
        family, model = FAMILY_MODEL[said]
        report = w.puts({"CPUID_FAM_ID": family, "CPUID_MOD_ID": model})
        b.refuse(
            f"report-of-{said.lower()}-under-{product.lower()}",
            "The report's processor is of another line than the chain that signs it",
            ["VRF-061"],
            b.base(w),
            {"report": (report, "CPUID_FAM_ID, CPUID_MOD_ID", "vcek")},
            flags=["chain-wrong-product-ask"],
        )
    v = world("Milan", 3, "vlek")
    b.refuse(
        "report-of-genoa-under-milan-vlek",
        "The report's processor is of another line than the VLEK that signs it",
        ["VRF-061"],
        b.base(v),
        {"report": (v.put("CPUID_MOD_ID", 0x11), "CPUID_MOD_ID", "vlek")},
        flags=["chain-wrong-product-ask"],
    )
    w = world("Genoa", 3)
    base = b.base(w)
    for name, defect, family, model in (
        ("unknown-family", "The report's processor is of no known family", 0x1B, 0x11),
        ("model-of-no-line", "The report's model lies between Genoa's ranges", 0x19, 0x20),
    ):
        fields: dict[str, int | bytes] = {"CPUID_FAM_ID": family, "CPUID_MOD_ID": model}
        change = {"report": (w.puts(fields), ", ".join(fields), "vcek")}
        flags = ["chain-unknown-product-nil"]
        b.refuse(name, defect, ["VRF-061"], base, change, flags=flags)
        text = f"{defect}, where no root is given"
        b.refuse(f"{name}-no-root", text, ["VRF-061"], b.known_anchor(w), change, flags=flags)
    milan = world("Milan", 3)
    b.refuse(
        "leaf-under-another-lines-chain",
        "The VCEK stands beside another line's ASK and ARK, whose ARK is a root too",
        ["VRF-028"],
        b.vary(
            "two-roots",
            "Two roots are given, one of them of another line",
            ["VRF-024"],
            base,
            {"roots": ([w.certs["ark"], milan.certs["ark"]], "roots", None)},
        ),
        {
            "certs.ask": (milan.certs["ask"], WHOLE, None),
            "certs.ark": (milan.certs["ark"], WHOLE, None),
        },
        flags=["chain-wrong-product-ask"],
    )
    named = mint.name("SEV-Milan")
    b.refuse(
        "ask-of-another-line",
        "The ASK that the ARK signed names another line than the ARK",
        ["VRF-030"],
        base,
        {
            "certs.ask": (w.ca(subject=named).der(), "subject.CN", "ark"),
            "certs.vcek": (w.leaf(issuer=named).der(), "issuer.CN", "ask"),
        },
    )
    named = mint.name("SEV-VLEK-Genoa")
    b.refuse(
        "asvk-of-another-line",
        "The ASVK that the ARK signed names another line than the ARK",
        ["VRF-030"],
        b.base(v),
        {
            "certs.asvk": (v.ca(subject=named).der(), "subject.CN", "ark"),
            "certs.vlek": (v.leaf(issuer=named).der(), "issuer.CN", "asvk"),
        },
    )


def unknown_lines(b: Book) -> None:
    """Processors of which the notes know no line: strict verifiers refuse them, others ask the chain."""
    w, t = world("Genoa", 3), world("Turin", 3)
    nothing = {"CPUID_FAM_ID": 0, "CPUID_MOD_ID": 0, "CPUID_STEP": 0}
    for name, title, of, values, flag in (
        (
            "family-zero",
            "Family, model and stepping are 0 in a version 3 report",
            w,
            nothing,
            "parse-v3-fms-zero",
        ),
        (
            "venice",
            "The report's processor is a Venice, for which there is no chain here",
            t,
            {"CPUID_MOD_ID": 0x50},
            "fwd-new-product-venice",
        ),
    ):
        b.decide(
            name,
            title,
            ["VRF-061", "VRF-122", "SNP-RPT-076"],
            b.base(of),
            {"report": (of.puts(values), ", ".join(values), "vcek")},
            stage="chain",
            accept={"allow_unknown_product": True},
            refuse={"allow_unknown_product": False},
            flags=[flag],
        )
    allowed = b.vary(
        "known-line-allowed-unknown",
        "A policy that takes processors of no known line, and one of a known line",
        ["VRF-122"],
        b.base(w),
        {"policy": ({"allow_unknown_product": True}, "allow_unknown_product", None)},
    )
    family, model = FAMILY_MODEL["Milan"]
    b.refuse(
        "other-line-allowed-unknown",
        "The report's processor is of another known line, under a policy that takes unknown ones",
        ["VRF-122", "VRF-061"],
        allowed,
        {
            "report": (
                w.puts({"CPUID_FAM_ID": family, "CPUID_MOD_ID": model}),
                "CPUID_FAM_ID, CPUID_MOD_ID",
                "vcek",
            )
        },
        flags=["chain-wrong-product-ask"],
    )


def add(b: Book) -> None:
    lines(b)
    unknown_lines(b)
