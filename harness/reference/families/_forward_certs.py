"""Family forwardcompat: certificates that are unlike today's in what does not matter."""

from __future__ import annotations

from dataclasses import replace

from reference import certtable, der, keys, mint
from reference.families._book import Book, Change, Changes, new_root
from reference.families._chain_profile import exchanged
from reference.mint import AKI, BASIC, CRLDP, KEY_USAGE, PRODUCT_NAME, SKI, Certificate, Extension
from reference.pss import FORM_A, FORM_B
from reference.world import CSP, NOT_BEFORE, world

STRICT = ["2-30"]


def forms(b: Book) -> None:
    """Both encodings of the PSS parameters, in every certificate and mixed."""
    for w in (world("Genoa", 3), world("Milan", 3, "vlek")):
        base, slot, ca = b.base(w), w.kind, w.ca_kind
        leaf = {form: w.leaf(algorithm=form) for form in (FORM_A, FORM_B)}
        middle = {form: w.ca(algorithm=form) for form in (FORM_A, FORM_B)}
        b.vary(
            f"{slot}-form-a",
            f"The {slot.upper()}'s algorithm spells out its trailer, as before 2024-11",
            ["VRF-031"],
            base,
            exchanged(slot, leaf[FORM_A], "algorithm"),
            flags=STRICT,
        )
        b.vary(
            f"{ca}-form-b",
            f"The {ca.upper()}'s algorithm has no trailer",
            ["VRF-031"],
            base,
            exchanged(ca, middle[FORM_B], "algorithm"),
        )
        if slot == "vlek":
            continue
        b.vary(
            "ark-form-b",
            "The ARK's algorithm, that of a given root, has no trailer",
            ["VRF-031"],
            base,
            new_root(w.ark(algorithm=FORM_B).der(), "algorithm"),
        )
        every = {
            **new_root(w.ark(algorithm=FORM_B).der(), "algorithm"),
            **exchanged(ca, middle[FORM_B], "algorithm"),
        }
        b.vary("all-form-b", "No algorithm of the chain has a trailer", ["VRF-031"], base, every)
        mixed = {**exchanged(ca, middle[FORM_B], "algorithm"), **exchanged(slot, leaf[FORM_A], "algorithm")}
        b.vary(
            "ask-b-leaf-a", "The ASK's algorithm has no trailer, the VCEK's has one", ["VRF-031"], base, mixed
        )


def authorities(b: Book) -> None:
    """ASK and ARK issued anew: what is not compared may change."""
    w = world("Genoa", 3)
    base = b.base(w)
    policies = Extension("2.5.29.32", der.sequence(der.sequence(der.oid("2.5.29.32.0"))))
    usage = Extension(KEY_USAGE, bytes.fromhex("03020204"), critical=True)
    link = Extension(CRLDP, mint.crldp_value("https://kds.example/vcek/v2/Genoa/crl"))
    key_id = Extension(AKI, der.sequence(der.tlv(0x80, bytes(20))))
    ask, ark = w.ca(), w.ark()
    reversed_ask = replace(ask, extensions=(ask.extensions or ())[::-1])
    for slot, name, title, made in (
        ("ask", "usage-minimal", "The ASK's keyUsage is minimal DER", ask.with_extensions(KEY_USAGE, usage)),
        ("ask", "no-ski", "The ASK has no subjectKeyIdentifier", ask.with_extensions(SKI)),
        ("ask", "no-aki", "The ASK has no authorityKeyIdentifier", ask.with_extensions(AKI)),
        (
            "ask",
            "other-aki",
            "The ASK's authorityKeyIdentifier is not the ARK's",
            ask.with_extensions(AKI, key_id),
        ),
        ("ask", "no-crldp", "The ASK names no list", ask.with_extensions(CRLDP)),
        ("ask", "other-crldp", "The ASK names a list on another host", ask.with_extensions(CRLDP, link)),
        ("ask", "policies", "The ASK has certificatePolicies", ask.and_extension(policies)),
        (
            "ask",
            "unknown",
            "The ASK has an unknown extension",
            ask.and_extension(Extension("1.2.3.4", b"\0")),
        ),
        ("ask", "reversed", "The ASK's extensions come in reverse", reversed_ask),
        ("ask", "serial", "The ASK has a serial number of 20 bytes", replace(ask, serial=b"\x55" * 20)),
        ("ark", "no-ski", "The ARK, a given root, has no subjectKeyIdentifier", ark.with_extensions(SKI)),
        ("ark", "aki", "The ARK, a given root, has an authorityKeyIdentifier", ark.and_extension(_own_id())),
        ("ark", "no-crldp", "The ARK, a given root, names no list", ark.with_extensions(CRLDP)),
        ("ark", "unknown", "The ARK, a given root, has an unknown extension", ark.and_extension(policies)),
    ):
        flags = ["chain-key-id-mismatch"] if "aki" in name else []
        changes = exchanged(slot, made, "serial, extensions")
        b.vary(f"{slot}-{name}", title, ["VRF-039"], base, changes, flags=flags)
    key = keys.forged_rsa("ask")
    renewed = replace(mint.ask("Genoa", key), serial=b"\x02\x00\x03")
    b.vary(
        "ask-new-key",
        "The ARK has certified a second ASK with a key of its own",
        ["VRF-026"],
        base,
        {
            "certs.ask": (renewed.der(), "serialNumber, subjectPublicKeyInfo", "ark"),
            "certs.vcek": (w.leaf(signer=mint.rsa_signer(key)).der(), "signatureValue", "ask"),
        },
    )


def _own_id() -> Extension:
    return Extension(AKI, mint.aki_value(keys.root("ark", "Genoa")))


def leaves(b: Book) -> None:
    w, t, v = world("Genoa", 3), world("Turin", 5), world("Milan", 3, "vlek")
    base = b.base(w)
    ask = keys.root("ask", "Genoa")
    b.vary(
        "leaf-minted-again",
        "The VCEK was issued anew: another notBefore, the same key",
        ["VRF-033"],
        base,
        exchanged("vcek", mint.vcek("Genoa", w.tcb, w.hwid, not_before="2025-03-01T12:34:56Z"), "validity"),
    )
    b.vary(
        "leaf-serial-20-bytes",
        "The VCEK has a serial number of 20 bytes",
        ["VRF-039"],
        base,
        exchanged("vcek", w.leaf(serial=b"\x7a" * 20), "serial"),
    )
    strict = w.leaf(serial=b"\x01").and_extension(
        Extension(AKI, mint.aki_value(ask)),
        Extension(SKI, der.octets(bytes(range(20)))),
        Extension(BASIC, der.sequence(), critical=True),
        Extension(KEY_USAGE, bytes.fromhex("03020780"), critical=True),
        Extension(CRLDP, mint.crldp_value("https://kdsintf.amd.com/vcek/v1/Genoa/crl")),
    )
    b.vary(
        "leaf-as-rfc-5280-wants",
        "The VCEK has serial number 1, key ids, basicConstraints, keyUsage and a list",
        ["VRF-038"],
        base,
        exchanged("vcek", strict, "serial, extensions"),
        flags=["ext-extra-unknown-noncritical"],
    )
    for of, names in (
        (w, ("Genoa-A0", "Genoa-B0", "Genoa-B1", "Genoa-B2", "Genoa-C3")),
        (world("Milan", 3), ("Milan", "Milan-B1", "Milan-B9")),
        (t, ("Turin-B0", "Turin-C1")),
        (v, ("Milan-B1",)),
    ):
        for name in names:
            leaf = of.leaf().with_extension(PRODUCT_NAME, der.text(der.IA5, name))
            b.vary(
                f"name-{of.kind}-{name.lower()}",
                f"productName of a {of.kind.upper()} is {name}",
                ["VRF-110"],
                b.base(of),
                exchanged(of.kind, leaf, "productName"),
                flags=["ext-product-name-substring"],
            )
    for name, title, csp in (
        ("short", "A cspID of one letter after CN=", "CN=x"),
        ("other-attributes", "A cspID with attributes beside CN", "CN=csp.example,O=Example,C=DE"),
        ("100", "A cspID of 100 characters", "CN=" + "c" * 97),
    ):
        key = v.key
        leaf = mint.vlek("Milan", v.tcb, csp, not_before=NOT_BEFORE, key=key)
        b.vary(f"csp-id-{name}", title, ["VRF-054"], b.base(v), exchanged("vlek", leaf, "cspID"))


def dates(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    utc, general = der.utc_time, der.generalized_time
    flags = ["fresh-time-edge"]

    def leaf(name: str, title: str, made: Certificate, at: str | None = None) -> None:
        changes: dict[str, Change] = dict(exchanged("vcek", made, "validity"))
        if at:
            changes["at"] = (at, "at", None)
        b.vary(f"date-{name}", title, ["VRF-033"], base, changes, flags=flags)

    leaf(
        "utc-2049",
        "A notAfter on the last second that a UTCTime has",
        w.leaf(not_after=utc("2049-12-31T23:59:59Z")),
    )
    leaf(
        "generalized-2050",
        "A notAfter on the first second of 2050",
        w.leaf(not_after=general("2050-01-01T00:00:00Z")),
    )
    leaf("generalized-9999", "A notAfter that means never", w.leaf(not_after=general("9999-12-31T23:59:59Z")))
    leaf(
        "utc-1950",
        "A notBefore in 1950, the first year of UTCTime",
        w.leaf(not_before=utc("1950-01-01T00:00:00Z")),
    )
    leaf("utc-1999", "A notBefore in 1999", w.leaf(not_before=utc("1999-12-31T23:59:59Z")))
    leap = w.leaf(not_before=utc("2024-02-29T00:00:00Z"), not_after=utc("2032-02-29T00:00:00Z"))
    leaf("leap-day", "Validity from leap day to leap day, on a leap day", leap, "2028-02-29T12:00:00Z")
    late = {
        **new_root(w.ark(not_after=general("2061-01-01T00:00:00Z")).der(), "notAfter"),
        **exchanged("ask", w.ca(not_after=general("2060-01-01T00:00:00Z")), "notAfter"),
        **exchanged("vcek", w.leaf(not_after=general("2055-01-01T00:00:00Z")), "notAfter"),
        "at": ("2052-06-01T00:00:00Z", "at", None),
    }
    b.vary(
        "date-in-2052", "A chain of GeneralizedTimes, verified in 2052", ["VRF-034"], base, late, flags=flags
    )
    v = world("Milan", 3, "vlek")
    year = mint.vlek("Milan", v.tcb, CSP, not_before="2025-01-02T00:00:00Z")
    b.vary(
        "vlek-last-day",
        "A VLEK on the last day of its year",
        ["VRF-033"],
        b.base(v),
        exchanged("vlek", year, "validity"),
        flags=["fresh-vlek-one-year"],
    )


def tables(b: Book) -> None:
    """Certificates in a table, among entries that a verifier does not know."""
    guids = certtable.GUIDS
    for w in (world("Genoa", 3), world("Milan", 3, "vlek")):
        rows = [
            (guids["ARK"], w.certs["ark"]),
            (guids[w.kind.upper()], w.certs[w.kind]),
            (guids["ASK"], w.certs[w.ca_kind]),
        ]
        extra = (certtable.PLATFORM_INFO, (8).to_bytes(4, "little") + (0x00A10F11).to_bytes(4, "little"))
        for name, title, made in (
            ("plain", "The certificates in a table", rows),
            ("extra-guid", "The certificates in a table with an entry of a cloud's own", [*rows, extra]),
            ("extra-first", "The certificates in a table behind an entry of a cloud's own", [extra, *rows]),
            ("pem", "The certificates in a table, as PEM", [(guid, mint.pem(data)) for guid, data in rows]),
        ):
            source = w.input(table=certtable.build(made))
            del source["certs"]
            flags = {"plain": [], "pem": ["ct-pem-vs-der", "2-22"]}.get(name, ["ct-unknown-guid"])
            b.accept(
                f"table-{name}-{w.kind}", f"{title}, {w.kind.upper()}", ["VRF-020"], w, source, flags=flags
            )
        source = w.input(table=certtable.build(rows[1:]))
        del source["certs"]
        title = f"The certificates in a table without an ARK, {w.kind.upper()}"
        b.accept(f"table-no-ark-{w.kind}", title, ["VRF-024"], w, source, flags=["2-21"])


def both_leaves(b: Book) -> None:
    """A VCEK and a VLEK at hand: SIGNING_KEY chooses."""
    c, v = world("Milan", 3), world("Milan", 3, "vlek")
    more: dict[str, Changes] = {
        "vcek": {f"certs.{slot}": (v.certs[slot], "certificate", None) for slot in ("vlek", "asvk")},
        "vlek": {f"certs.{slot}": (c.certs[slot], "certificate", None) for slot in ("vcek", "ask")},
    }
    for w in (c, v):
        b.vary(
            f"both-{w.kind}",
            f"VCEK and VLEK with their CAs are there, and the report is signed by the {w.kind.upper()}",
            ["VRF-020"],
            b.base(w),
            more[w.kind],
            flags=["signer-both-leaves-present"],
        )


def bases(b: Book) -> None:
    """Every line, version and kind, and the chips that have no line of their own."""
    for chip in ("Milan", "Genoa", "Turin"):
        for version in (2, 3, 5):
            # Version 3 from before Turin is what a library wrote back in Turin's layout.
            again = ["2-15"] if version == 3 and chip != "Turin" else []
            b.base(world(chip, version), flags=again)
            b.base(world(chip, version, "vlek"))
    for chip, version in (("Bergamo", 3), ("Bergamo", 5), ("Siena", 2), ("TurinDense", 5)):
        b.base(world(chip, version))


def add(b: Book) -> None:
    bases(b)
    forms(b)
    authorities(b)
    leaves(b)
    dates(b)
    tables(b)
    both_leaves(b)
