"""Family revocation: whose list it is, when it holds, how it is signed, and bytes that are no list."""

from __future__ import annotations

from dataclasses import replace

from reference import der, keys, mint, pss
from reference.families._book import Book, Change, Changes
from reference.families._chain_anchor import ECDSA_SHA384
from reference.families._chain_names import with_value
from reference.mint import Crl, Revoked, pem
from reference.world import NEXT_UPDATE, THIS_UPDATE, World, world


def listed(crl: Crl, field: str, signer: str | None = "ark") -> dict[str, Change]:
    """The change to the list CRL."""
    return {"crl": (crl.der(), field, signer)}


def ask_entry(w: World) -> Revoked:
    return Revoked(bytes.fromhex(mint.SERIALS["ask"][w.product]), der.utc_time(THIS_UPDATE))


def issuers(b: Book) -> None:
    w = world("Genoa", 3)
    base, crl, flags = b.base(w, crl=True), w.revocation(), ["crl-wrong-issuer"]
    milan, ask = keys.root("ark", "Milan"), keys.root("ask", "Genoa")
    named = mint.name("ARK-Milan")
    for name, defect, made, field, signer in (
        (
            "other-line",
            "The list is that of another line's ARK",
            mint.crl("Milan", THIS_UPDATE, NEXT_UPDATE),
            "issuer, signatureValue",
            "ark-milan",
        ),
        (
            "other-lines-key",
            "The list names the ARK and is signed by another line's",
            replace(crl, signer=mint.rsa_signer(milan)),
            "signatureValue",
            "ark-milan",
        ),
        (
            "other-lines-name",
            "The list names another line's ARK and is signed by this one's",
            replace(crl, issuer=named),
            "issuer",
            "ark",
        ),
        (
            "signed-by-ask",
            "The list names the ARK and is signed by the ASK",
            replace(crl, signer=mint.rsa_signer(ask)),
            "signatureValue",
            "ask",
        ),
        (
            "of-the-ask",
            "The list is the ASK's: its name, its signature",
            replace(crl, issuer=mint.name("SEV-Genoa"), signer=mint.rsa_signer(ask)),
            "issuer, signatureValue",
            "ask",
        ),
        (
            "forged",
            "The list names the ARK and is signed by a key of somebody else's",
            mint.crl("Genoa", THIS_UPDATE, NEXT_UPDATE, keys.forged_rsa("ark")),
            "authorityKeyIdentifier, signatureValue",
            "forged ARK",
        ),
        (
            "signed-by-vcek",
            "The list names the ARK and is signed by the VCEK, with ECDSA",
            replace(crl, signer=mint.ec_signer(w.key), algorithm=der.sequence(der.oid(ECDSA_SHA384))),
            "signatureAlgorithm, signatureValue",
            "vcek",
        ),
        (
            "issuer-string-type",
            "The list names the ARK with another string type than the ARK does",
            replace(crl, issuer=with_value("ARK-Genoa", 5, "ARK-Genoa", der.PRINTABLE)),
            "issuer",
            "ark",
        ),
    ):
        ecdsa = ["VRF-031"] if name == "signed-by-vcek" else []
        b.refuse(name, defect, ["VRF-042", *ecdsa], base, listed(made, field, signer), flags=flags)
    v = world("Milan", 3, "vlek")
    asvk = replace(v.revocation(), signer=mint.rsa_signer(keys.root("asvk", "Milan")))
    b.refuse(
        "signed-by-asvk",
        "The list names the ARK and is signed by the ASVK",
        ["VRF-042"],
        b.base(v, crl=True),
        listed(asvk, "signatureValue", "asvk"),
        flags=flags,
    )


def signatures(b: Book) -> None:
    w = world("Genoa", 3)
    base, crl, ark = b.base(w, crl=True), w.revocation(), keys.root("ark", "Genoa")
    good = w.crl
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    flags = ["2-09"]
    b.refuse(
        "signature-bit",
        "A bit of the list's signature is another one",
        ["VRF-042"],
        base,
        {"crl": (flipped, "signatureValue", None)},
        flags=flags,
    )
    for name, defect, value in (
        ("signature-empty", "The list's signature is empty", b""),
        ("signature-zero", "The list's signature is the number 0", bytes(512)),
        ("signature-short", "The list's signature is a byte short", crl.signer(crl.tbs())[:-1]),
    ):
        made = replace(crl, signature=value)
        b.refuse(name, defect, ["VRF-042"], base, listed(made, "signatureValue", None), flags=flags)
    full = replace(crl, entries=(ask_entry(w),))
    taken = replace(crl, signature=full.signer(full.tbs()))
    b.refuse(
        "entry-taken-out",
        "The ASK's entry is taken out of the list under its old signature",
        ["VRF-042"],
        base,
        listed(taken, "signatureValue", None),
        flags=flags,
    )
    later = replace(crl, next_update=der.utc_time("2027-01-31T00:00:00Z"), signature=crl.signer(crl.tbs()))
    b.refuse(
        "next-update-changed",
        "The list's nextUpdate is a year later under its old signature",
        ["VRF-042"],
        base,
        listed(later, "nextUpdate", None),
        flags=flags,
    )
    sha256 = pss.Pss("sha256", "sha256", 32)
    for name, defect, made in (
        (
            "pkcs1",
            "The list is signed with PKCS#1 v1.5",
            replace(crl, algorithm=pss.pkcs1_algorithm(), signer=mint.pkcs1_signer(ark)),
        ),
        (
            "sha256",
            "The list is signed with PSS and SHA-256",
            replace(crl, algorithm=sha256.algorithm(), signer=mint.rsa_signer(ark, sha256)),
        ),
        (
            "salt-20",
            "The list is signed with a salt of 20 bytes",
            replace(
                crl, algorithm=pss.Pss(salt=20).algorithm(), signer=mint.rsa_signer(ark, pss.Pss(salt=20))
            ),
        ),
        (
            "states-sha256",
            "The list says SHA-256 and is signed with SHA-384",
            replace(crl, algorithm=sha256.algorithm()),
        ),
        (
            "forms-differ",
            "The list's algorithm has its trailer in one of its two places",
            replace(crl, outer=pss.FORM_B),
        ),
    ):
        field = "signatureAlgorithm, signatureValue"
        requirement = ["VRF-042", "VRF-032" if name == "forms-differ" else "VRF-031"]
        b.refuse(f"algorithm-{name}", defect, requirement, base, listed(made, field), flags=["2-13"])
    b.vary(
        "algorithm-form-b",
        "A list whose algorithm has no trailer field",
        ["VRF-042"],
        base,
        listed(replace(crl, algorithm=pss.FORM_B), "signatureAlgorithm"),
    )


def times(b: Book) -> None:
    w = world("Genoa", 3)
    crl, noon = w.revocation(), "2025-12-31T12:00:00Z"
    base = b.base(w, crl=True)
    last = b.vary(
        "last-second",
        "The time is the list's nextUpdate",
        ["VRF-043"],
        base,
        {"at": (NEXT_UPDATE, "at", None)},
    )
    stale = ["crl-stale-accepted", "2-09"]
    b.refuse(
        "second-after",
        "The time is one second after the list's nextUpdate",
        ["VRF-043"],
        last,
        {"at": ("2026-01-31T00:00:01Z", "at", None)},
        flags=stale,
    )
    old = mint.crl("Genoa", "2024-12-01T00:00:00Z", "2025-01-01T00:00:00Z")
    b.refuse(
        "stale",
        "The list is a year old",
        ["VRF-043"],
        base,
        listed(old, "thisUpdate, nextUpdate"),
        flags=stale,
    )
    first = b.vary(
        "first-second",
        "The time is the list's thisUpdate",
        ["VRF-045"],
        base,
        listed(replace(crl, this_update=der.utc_time(noon)), "thisUpdate") | {"at": (noon, "at", None)},
    )
    future = ["crl-this-update-future"]
    b.refuse(
        "second-before",
        "The time is one second before the list's thisUpdate",
        ["VRF-045"],
        first,
        {"at": ("2025-12-31T11:59:59Z", "at", None)},
        flags=future,
    )
    tomorrow = replace(crl, this_update=der.utc_time("2026-01-02T00:00:00Z"))
    b.refuse(
        "future", "The list is of tomorrow", ["VRF-045"], base, listed(tomorrow, "thisUpdate"), flags=future
    )
    b.refuse(
        "no-next-update",
        "The list has no nextUpdate",
        ["VRF-044"],
        base,
        listed(replace(crl, next_update=b""), "nextUpdate"),
        flags=["crl-no-next-update"],
    )
    turned = replace(crl, this_update=crl.next_update, next_update=crl.this_update)
    b.refuse(
        "dates-swapped",
        "The list's thisUpdate and nextUpdate are swapped",
        ["VRF-043", "VRF-045"],
        base,
        listed(turned, "thisUpdate, nextUpdate"),
        flags=stale,
    )
    far = replace(crl, next_update=der.generalized_time("2051-01-01T00:00:00Z"))
    b.vary(
        "next-update-2051",
        "A list whose nextUpdate lies in 2051",
        ["VRF-043"],
        base,
        listed(far, "nextUpdate"),
        flags=["fresh-time-edge"],
    )
    broken = replace(crl, next_update=der.tlv(der.UTC_TIME, b"260231000000Z"))
    b.refuse(
        "next-update-february-31",
        "The list's nextUpdate is 31 February",
        ["VRF-050"],
        base,
        listed(broken, "nextUpdate"),
        flags=stale,
    )


HTML = b"<!DOCTYPE html><html><head><title>503</title></head><body>Service Unavailable</body></html>\n"


def not_one(b: Book) -> None:
    w = world("Genoa", 3)
    base, crl, text = b.base(w, crl=True), w.crl, pem(w.crl, "X509 CRL")
    flags = ["crl-html-or-pem"]
    b.vary("pem", "The good list as one PEM block", ["VRF-042"], base, {"crl": (text, "PEM", None)})
    for name, defect, made in (
        ("no-end", "The list is PEM without its END line", text.partition(b"-----END")[0]),
        ("two", "The list is PEM of two lists", text * 2),
        ("of-certificate", "The list is PEM of the ARK", pem(w.certs["ark"])),
    ):
        b.refuse(f"not-pem-{name}", defect, ["VRF-050"], "pem", {"crl": (made, "PEM", None)}, flags=flags)
    for name, defect, made in (
        ("empty", "The list is empty", b""),
        ("html", "The list is a web page", HTML),
        ("json", "The list is JSON", b'{"error":"not found"}'),
        ("cut", "The list is one byte short", crl[:-1]),
        ("half", "The list is cut in half", crl[: len(crl) // 2]),
        ("one-byte", "The list is one byte", crl[:1]),
        ("trailing-byte", "A zero byte follows the list", crl + b"\0"),
        ("two", "A second list follows the list", crl + crl),
        ("zeros", "The list is zeros", bytes(len(crl))),
        ("certificate", "The ARK stands in the list's place", w.certs["ark"]),
        ("sequence", "The list is an empty SEQUENCE", der.sequence()),
    ):
        b.refuse(f"not-{name}", defect, ["VRF-050"], base, {"crl": (made, "list", None)}, flags=flags)


def required(b: Book) -> None:
    """Lists that a policy demands. The case without one says so itself: without a policy it is a base."""
    demanded: Changes = {"policy": ({"require_revocation": True}, "require_revocation", None)}
    for of in (world("Genoa", 3), world("Milan", 3, "vlek")):
        name = f"{of.kind}-{of.product.lower()}"
        b.decide(
            f"absent-{name}",
            f"No list is given, {of.kind.upper()}",
            ["VRF-119"],
            b.base(of),
            demanded,
            stage="revocation",
            accept={"require_revocation": False},
            refuse={"require_revocation": True},
            flags=["crl-absent-fail-open"],
        )
        b.vary(
            f"required-{name}",
            f"A list is demanded and there is one, {of.kind.upper()}",
            ["VRF-119"],
            b.base(of, crl=True),
            demanded,
        )


def add(b: Book) -> None:
    issuers(b)
    signatures(b)
    times(b)
    not_one(b)
    required(b)
