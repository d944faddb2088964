"""Family chain: anchors, certificates that are missing, in the wrong place, or forged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference import der, keys, mint
from reference.families._book import Book, Change, Changes, new_root
from reference.world import NOT_BEFORE, World, world

WHOLE = "subject, issuer, subjectPublicKeyInfo, extensions"  # a certificate that is another one altogether
KEY = "subjectPublicKeyInfo, key identifiers"
ECDSA_SHA384 = "1.2.840.10045.4.3.3"


def forged(w: World) -> dict[str, Change]:
    """AMD's names, extensions and dates under keys that no anchor knows; their leaf signs the report."""
    ark, ask, leaf = keys.forged_rsa("ark"), keys.forged_rsa("ask"), keys.forged_ec("leaf")
    vcek = mint.vcek(w.product, w.tcb, w.hwid, not_before=NOT_BEFORE, key=leaf, issuer=ask)
    return {
        "report": (resigned(w, leaf), "SIGNATURE", "forged leaf"),
        "certs.vcek": (vcek.der(), "subjectPublicKeyInfo", "forged ASK"),
        "certs.ask": (mint.ask(w.product, ask, ark).der(), KEY, "forged ARK"),
        "certs.ark": (mint.ark(w.product, ark).der(), KEY, "forged ARK"),
    }


def resigned(w: World, key: keys.EcKey) -> bytes:
    """The world's report under another key's signature."""
    return w.report[:0x2A0] + keys.report_signature(*key.sign(w.report[:0x2A0]))


def anchors(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    known = b.known_anchor(w)
    all_roots = [world(product, 3).certs["ark"] for product in mint.PRODUCTS]
    b.vary(
        "three-roots",
        "Three roots are given: the one of the chain's line counts",
        ["VRF-024"],
        base,
        {"roots": (all_roots, "roots", None)},
    )
    no_ark = b.vary(
        "root-without-ark",
        "The chain comes without an ARK: the given root stands for it",
        ["VRF-024"],
        base,
        {"certs.ark": (None, "certificate", None)},
    )
    for product in mint.PRODUCTS:
        other = world(product, 3)
        b.refuse(
            f"forged-root-{product.lower()}",
            "ARK, ASK and VCEK have AMD's names and keys of somebody else; the root is another ARK",
            ["VRF-024"],
            b.base(other),
            forged(other),
            flags=["chain-forged-root-amd-names", "chain-prover-ark-mixed-in"],
        )
    b.refuse(
        "forged-chain-no-root",
        "A chain with AMD's names under an ARK key that is none of the known ones, where no root is given",
        ["VRF-023"],
        known,
        forged(w),
        flags=["chain-ark-fetched-is-trusted", "2-05"],
    )
    b.accept(
        "trusted-folder",
        "With trust_dir any self-signed ARK of the profile is an anchor",
        ["VRF-023"],
        w,
        _applied(w.input(roots=None, trust_dir=True), forged(w)),
    )
    b.refuse(
        "same-key-bad-signature",
        "The chain's ARK has a known key, dates of its own and a garbage signature, where no root is given",
        ["VRF-022"],
        known,
        {
            "certs.ark": (
                w.ark(
                    not_before=der.utc_time("2000-01-01T00:00:00Z"),
                    not_after=der.generalized_time("9999-12-31T23:59:59Z"),
                    signature=b"\x5a" * 512,
                ).der(),
                "validity, signatureValue",
                None,
            )
        },
        flags=["chain-ark-same-key-different-cert"],
    )
    renewed = b.vary(
        "same-key-renewed-ark",
        "The chain brings an ARK of the root's name and key, issued anew with another serial and date",
        ["VRF-024"],
        base,
        {
            "certs.ark": (
                w.ark(serial=b"\x02\x00\x09", not_before=der.utc_time("2023-01-01T00:00:00Z")).der(),
                "serialNumber, notBefore",
                "ark",
            )
        },
        flags=["chain-ark-same-key-different-cert", "2-27"],
    )
    expired = w.ark(not_after=der.utc_time("2025-12-31T23:59:59Z")).der()
    b.refuse(
        "root-expired-ark-renewed",
        "The root is over, and the chain brings an ARK of its name and key that is not",
        ["VRF-034"],
        renewed,
        {"roots": ([expired], "notAfter", "ark")},
        flags=["chain-ark-same-key-different-cert"],
    )
    other_root = world("Milan", 3).certs["ark"]
    b.refuse(
        "root-of-another-line",
        "The root is the ARK of another line than the chain's ARK",
        ["VRF-024"],
        base,
        {"roots": ([other_root], "roots", None)},
    )
    b.refuse(
        "root-of-another-line-no-ark",
        "The root is the ARK of another line, and the chain has no ARK of its own",
        ["VRF-024", "VRF-028", "VRF-030"],
        no_ark,
        {"roots": ([other_root], "roots", None)},
    )
    b.refuse(
        "root-of-another-key-no-ark",
        "The root has the ASK's issuer for its name and another key, and the chain has no ARK of its own",
        ["VRF-024", "VRF-026"],
        no_ark,
        {"roots": ([mint.ark("Genoa", keys.forged_rsa("ark")).der()], "roots", None)},
    )
    b.refuse(
        "ask-as-root",
        "The ASK is given as the root and stands in the ARK's place",
        ["VRF-024", "VRF-029"],
        base,
        new_root(w.certs["ask"], WHOLE, None),
    )


def _applied(source: dict[str, Any], changes: Changes) -> dict[str, Any]:
    for member, (value, _, _) in changes.items():
        *path, last = member.split(".")
        place = source
        for step in path:
            place = place[step]
        place[last] = value
    return source


def missing(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    b.refuse(
        "no-ark-no-root",
        "There is neither an ARK nor a root",
        ["VRF-025"],
        base,
        {"certs.ark": (None, "certificate", None), "roots": (None, "roots", None)},
        flags=["chain-no-chain-still-verified"],
    )
    b.refuse("no-ask", "There is no ASK", ["VRF-025"], base, {"certs.ask": (None, "certificate", None)})
    b.refuse("no-vcek", "There is no VCEK", ["VRF-025"], base, {"certs.vcek": (None, "certificate", None)})
    vlek = b.base(world("Milan", 3, "vlek"))
    b.refuse("no-asvk", "There is no ASVK", ["VRF-025"], vlek, {"certs.asvk": (None, "certificate", None)})
    key = keys.forged_ec("alone")
    own = replace(w.leaf(), spki=key.spki(), issuer=mint.name("SEV-VCEK"), signer=mint.ec_signer(key))
    own = replace(own, algorithm=der.sequence(der.oid(ECDSA_SHA384)))
    report = (resigned(w, key), "SIGNATURE", "forged leaf")
    b.refuse(
        "self-signed-leaf",
        "The VCEK is self-signed and nothing stands above it",
        ["VRF-025"],
        base,
        {
            "report": report,
            "certs.vcek": (own.der(), "subjectPublicKeyInfo, issuer, signature", "forged leaf"),
            "certs.ask": (None, "certificate", None),
            "certs.ark": (None, "certificate", None),
        },
        flags=["chain-no-chain-still-verified"],
    )
    own = replace(own, issuer=mint.name("SEV-Genoa"))
    b.refuse(
        "self-signed-leaf-genuine-chain",
        "The VCEK names the ASK as its issuer and is signed by its own key, with ECDSA",
        ["VRF-031", "VRF-027"],
        base,
        {
            "report": report,
            "certs.vcek": (own.der(), "subjectPublicKeyInfo, signature", "forged leaf"),
        },
        flags=["chain-no-chain-still-verified"],
    )


def places(b: Book) -> None:
    """Certificates in each other's place, and kinds that do not belong together."""
    w, v = world("Genoa", 3), world("Milan", 3, "vlek")
    base, vlek = b.base(w), b.base(v)
    ask, ark = w.certs["ask"], w.certs["ark"]
    b.refuse(
        "ask-and-ark-swapped",
        "ASK and ARK stand in each other's place",
        ["VRF-029"],
        base,
        {"certs.ask": (ark, WHOLE, None), "certs.ark": (ask, WHOLE, None)},
    )
    below = w.leaf(issuer=mint.name("ARK-Genoa"), signer=mint.rsa_signer(keys.root("ark", "Genoa")))
    b.refuse(
        "ark-for-ask",
        "The ARK stands in the ASK's place and has signed the VCEK",
        ["VRF-029"],
        base,
        {"certs.ask": (ark, WHOLE, None), "certs.vcek": (below.der(), "issuer, signatureValue", "ark")},
    )
    b.refuse(
        "vcek-for-ask",
        "The VCEK stands in the ASK's place, too",
        ["VRF-029"],
        base,
        {"certs.ask": (w.certs["vcek"], WHOLE, None)},
        flags=["chain-cn-substring"],
    )
    b.refuse(
        "vcek-for-ark",
        "The VCEK stands in the ARK's place, too, where no root is given",
        ["VRF-029"],
        b.known_anchor(w),
        {"certs.ark": (w.certs["vcek"], WHOLE, None)},
    )
    b.refuse(
        "ask-for-vcek",
        "The ASK stands in the VCEK's place",
        ["VRF-016"],
        base,
        {"certs.vcek": (ask, WHOLE, None)},
        stage="signer",
        layer="signer",
    )
    b.refuse(
        "vlek-for-vcek",
        "A report that says VCEK comes with VLEK and ASVK in the places of VCEK and ASK, signed by it",
        ["VRF-016"],
        vlek,
        {
            "report": (v.put("KEY_INFO", 0), "KEY_INFO.SIGNING_KEY", "vlek"),
            "certs.vcek": (v.certs["vlek"], WHOLE, None),
            "certs.vlek": (None, "certificate", None),
            "certs.ask": (v.certs["asvk"], WHOLE, None),
            "certs.asvk": (None, "certificate", None),
        },
        stage="signer",
        layer="signer",
        flags=["signer-vlek-in-vcek-slot"],
    )
    b.refuse(
        "vcek-for-vlek",
        "A report that says VLEK comes with VCEK and ASK in the places of VLEK and ASVK, signed by it",
        ["VRF-016"],
        base,
        {
            "report": (w.put("KEY_INFO", 4), "KEY_INFO.SIGNING_KEY", "vcek"),
            "certs.vlek": (w.certs["vcek"], WHOLE, None),
            "certs.vcek": (None, "certificate", None),
            "certs.asvk": (ask, WHOLE, None),
            "certs.ask": (None, "certificate", None),
        },
        stage="signer",
        layer="signer",
        flags=["signer-field-says-vlek-leaf-is-vcek"],
    )
    m = world("Milan", 3)
    asvk = mint.asvk("Milan").der()
    under = m.leaf(issuer=mint.name("SEV-VLEK-Milan"), signer=mint.rsa_signer(keys.root("asvk", "Milan")))
    b.refuse(
        "vcek-under-asvk",
        "The VCEK is issued by the ASVK",
        ["VRF-105"],
        b.base(m),
        {"certs.vcek": (under.der(), "issuer", "asvk"), "certs.ask": (asvk, WHOLE, None)},
        stage="signer",
        layer="signer",
    )
    under = v.leaf(issuer=mint.name("SEV-Milan"), signer=mint.rsa_signer(keys.root("ask", "Milan")))
    b.refuse(
        "vlek-under-ask",
        "The VLEK is issued by the ASK",
        ["VRF-105"],
        vlek,
        {
            "certs.vlek": (under.der(), "issuer", "ask"),
            "certs.asvk": (mint.ask("Milan").der(), WHOLE, None),
        },
        stage="signer",
        layer="signer",
    )


def leaf_as_ca(b: Book) -> None:
    """A leaf signs a leaf: what an extracted VCEK key could do."""
    w = world("Genoa", 3)
    base = b.base(w)
    key = keys.forged_ec("under a leaf")
    algorithm = der.sequence(der.oid(ECDSA_SHA384))
    below = w.leaf(
        spki=key.spki(), issuer=mint.name("SEV-VCEK"), signer=mint.ec_signer(w.key), algorithm=algorithm
    )
    report = (resigned(w, key), "SIGNATURE", "forged leaf")
    b.refuse(
        "leaf-signs-leaf",
        "A genuine VCEK stands in the ASK's place and has signed the VCEK",
        ["VRF-029", "VRF-035"],
        base,
        {
            "report": report,
            "certs.vcek": (below.der(), "subjectPublicKeyInfo, issuer, signature", "vcek"),
            "certs.ask": (w.certs["vcek"], WHOLE, None),
        },
        flags=["chain-leaf-is-ca-misuse", "2-03"],
    )
    named = w.leaf(
        spki=key.spki(), issuer=mint.name("SEV-Genoa"), signer=mint.ec_signer(w.key), algorithm=algorithm
    )
    middle = w.ca(spki=w.key.spki())
    b.refuse(
        "ask-with-ec-key",
        "The ASK's key is on P-384 and signs the VCEK with ECDSA",
        ["VRF-107"],
        base,
        {
            "report": report,
            "certs.vcek": (named.der(), "subjectPublicKeyInfo, signature", "vcek"),
            "certs.ask": (middle.der(), "subjectPublicKeyInfo", "ark"),
        },
        flags=["chain-leaf-is-ca-misuse", "2-03"],
    )
    second = keys.forged_rsa("ask")
    ca = mint.ask("Genoa", second)
    ca = replace(ca, issuer=mint.name("SEV-Genoa"), signer=mint.rsa_signer(keys.root("ask", "Genoa")))
    leaf = w.leaf(spki=key.spki(), signer=mint.rsa_signer(second))
    b.refuse(
        "ask-under-ask",
        "The ASK is issued and signed by another ASK, which is not there, and not by the ARK",
        ["VRF-028", "VRF-026"],
        base,
        {
            "report": report,
            "certs.vcek": (leaf.der(), "subjectPublicKeyInfo", "forged ASK"),
            "certs.ask": (ca.der(), "issuer, subjectPublicKeyInfo", "genuine ASK"),
        },
        flags=["chain-leaf-is-ca-misuse", "2-03"],
    )


def add(b: Book) -> None:
    anchors(b)
    missing(b)
    places(b)
    leaf_as_ca(b)
