"""Family chain: the product line of report and chain."""

from __future__ import annotations

from dataclasses import replace

from reference import keys, mint
from reference.families._bases import question
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
    ark = keys.root("ark", "Genoa")
    for of, made in ((milan, mint.ask("Milan", ark=ark)), (v, mint.asvk("Milan", ark=ark))):
        certified = replace(made, issuer=mint.name("ARK-Genoa"))
        b.refuse(
            f"{of.ca_kind}-of-another-line",
            f"Report, leaf and {of.ca_kind.upper()} are of one line, and another line's ARK, the root, "
            f"has signed the {of.ca_kind.upper()}",
            ["VRF-030"],
            b.base(of),
            {
                f"certs.{of.ca_kind}": (certified.der(), "issuer.CN, authorityKeyIdentifier", "ark"),
                "certs.ark": (w.certs["ark"], WHOLE, None),
                "roots": (w.roots, "roots", None),
            },
            flags=["chain-wrong-product-ask"],
        )


def unknown_lines(b: Book) -> None:
    """Processors of which the notes know no line: strict verifiers refuse them, others ask the chain."""
    w, t = world("Genoa", 3), world("Turin", 3)
    nothing = {"CPUID_FAM_ID": 0, "CPUID_MOD_ID": 0, "CPUID_STEP": 0}
    nil = "chain-unknown-product-nil"
    for name, title, of, values, flag in (
        (
            "unknown-family",
            "The report's processor is of no known family",
            w,
            {"CPUID_FAM_ID": 0x1B},
            nil,
        ),
        (
            "model-of-no-line",
            "The report's model lies between Genoa's ranges",
            w,
            {"CPUID_MOD_ID": 0x20},
            nil,
        ),
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
        twins = {"": b.base(of)} | ({"-no-root": b.known_anchor(of)} if flag == nil else {})
        for suffix, twin in twins.items():
            question(
                b,
                name + suffix,
                title + (", where no root is given" if suffix else ""),
                ["VRF-061", "VRF-122", "SNP-RPT-076"],
                twin,
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
