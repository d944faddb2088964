"""Requests for a report's VCEK, and for its leaf's chain and list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reference.bundle import Family
from reference.mint import Tcb
from reference.world import World, world

TURIN, ZEN4C, SOURCE = "kds-turin-url", "kds-zen4c-product", "kds-url-tcb-source"

Change = dict[str, Any]


def query(tcb: Tcb, product: str, width: int = 2) -> str:
    values = [
        ("blSPL", tcb.bl),
        ("teeSPL", tcb.tee),
        ("snpSPL", tcb.snp),
        ("ucodeSPL", tcb.ucode),
    ]
    if product == "Turin":
        values.insert(0, ("fmcSPL", tcb.fmc))
    return "&".join(f"{name}={value:0{width}}" for name, value in values)


def path(w: World, *, hwid: str | None = None, product: str | None = None, tcb: str | None = None) -> str:
    return f"/vcek/v1/{product or w.product}/{hwid or w.hwid.hex()}?{tcb or query(w.tcb, w.product)}"


def given(w: World, **more: Any) -> Change:
    return {"op": "kds_url", "report": w.report, **more}


def add_reports(f: Family) -> None:
    """Of a report alone."""
    for chip, version, req, title, flags in (
        ("Milan", 3, (10,), "A Milan report: 128 digits and four numbers", ()),
        ("Genoa", 3, (12, 21), "A Genoa report", ()),
        ("Genoa", 5, (12,), "A Genoa report of version 5", ()),
        ("Turin", 3, (9,), "A Turin report: 16 digits, and fmcSPL first", (TURIN,)),
        ("Turin", 5, (10,), "A Turin report of version 5", (TURIN,)),
        ("TurinDense", 5, (9,), "A Turin Dense report", (TURIN,)),
        ("Bergamo", 3, (8,), "A Bergamo or Siena report: the path says Genoa", (ZEN4C,)),
    ):
        w = world(chip, version)
        name = f"{chip.lower()}-v{version}"
        f.valid(
            name,
            title,
            [f"KDS-{n:03}" for n in req],
            "kds-request",
            given(w),
            {"url": path(w)},
            flags=flags,
            product=w.product,
            version=version,
        )
    w = world("Genoa", 2)
    f.valid(
        "genoa-v2",
        "A version 2 report, whose product line the client knows",
        ["KDS-008"],
        "kds-request",
        given(w, product="Genoa"),
        {"url": path(w)},
        product="Genoa",
        version=2,
    )
    w = world("Genoa", 3)
    higher = Tcb(w.tcb.bl, w.tcb.tee, w.tcb.snp + 1, w.tcb.ucode + 1).version("Genoa")
    ahead = w.puts({"CURRENT_TCB": higher, "COMMITTED_TCB": higher})
    f.valid(
        "reported-below",
        "CURRENT_TCB and COMMITTED_TCB are above REPORTED_TCB, which counts",
        ["KDS-012"],
        "kds-request",
        {**given(w), "report": ahead},
        {"url": path(w)},
        flags=[SOURCE],
        product="Genoa",
        version=3,
    )
    low = world("Genoa", 3, tcb=Tcb(0, 0, 9, 255))
    f.valid(
        "small-numbers",
        "Numbers of one digit, and the greatest one",
        ["KDS-011"],
        "kds-request",
        given(low),
        {"url": f"/vcek/v1/Genoa/{low.hwid.hex()}?blSPL=00&teeSPL=00&snpSPL=09&ucodeSPL=255"},
        product="Genoa",
        version=3,
    )


def add_report_refusals(f: Family) -> None:
    genoa, vlek = world("Genoa", 3), world("Genoa", 3, "vlek")
    rows: tuple[tuple[str, str, int, bytes, str, str, tuple[str, ...]], ...] = (
        (
            "masked",
            "CHIP_ID is zero",
            21,
            genoa.put("CHIP_ID", bytes(64)),
            "CHIP_ID",
            "masked",
            ("kds-masked-chip-id-request",),
        ),
        (
            "vlek",
            "A VLEK signed the report",
            21,
            vlek.report,
            "KEY_INFO",
            "vlek",
            ("kds-vlek-not-fetchable",),
        ),
        (
            "no-signer",
            "SIGNING_KEY names no key",
            21,
            genoa.put("KEY_INFO", 7 << 2),
            "KEY_INFO",
            "signer",
            (),
        ),
        (
            "no-product",
            "A processor of no known product line",
            8,
            genoa.put("CPUID_FAM_ID", 0x1B),
            "CPUID_FAM_ID",
            "product",
            (),
        ),
    )
    for name, defect, req, report, field, reason, flags in rows:
        f.invalid(
            name,
            defect,
            [f"KDS-{req:03}"],
            "kds-request",
            {**given(genoa), "report": report},
            twin="genoa-v3",
            defect=defect,
            changes=[("report", field, "vcek" if name != "vlek" else "vlek")],
            reason=reason,
            flags=flags,
            product="Genoa",
            version=3,
        )


def add_good_paths(f: Family) -> None:
    """Other spellings of the right request."""
    genoa, turin, milan = world("Genoa", 3), world("Turin", 5), world("Milan", 3)
    nine = world("Genoa", 2)
    for name, title, req, w, url, flags in (
        ("url-genoa", "The path as most clients write it", (4, 1, 15, 16), genoa, path(genoa), ()),
        ("url-turin", "A Turin path", (13,), turin, path(turin), (TURIN,)),
        ("url-milan", "A Milan path", (4,), milan, path(milan), ()),
        (
            "url-one-digit",
            "Numbers without padding",
            (11,),
            genoa,
            path(genoa, tcb=query(genoa.tcb, "Genoa", 1)),
            (),
        ),
        (
            "url-three-digits",
            "Leading zeros: 010 is ten",
            (11,),
            genoa,
            path(genoa, tcb=query(genoa.tcb, "Genoa", 3)),
            (NUMBERS,),
        ),
        ("url-zero-nine", "09, which is no octal number", (11,), nine, path(nine), (NUMBERS,)),
        (
            "url-upper-case",
            "The chip id in upper case",
            (9,),
            genoa,
            path(genoa, hwid=genoa.hwid.hex().upper()),
            (),
        ),
    ):
        more = {"product": "Genoa"} if w.version == 2 else {}
        f.valid(
            name,
            title,
            [f"KDS-{n:03}" for n in req],
            "kds-request",
            given(w, url=url, **more),
            {"url": path(w)},
            flags=flags,
            product=w.product,
            version=w.version,
        )


NUMBERS = "kds-number-base"


def add_bad_paths(f: Family) -> None:
    genoa, turin = world("Genoa", 3), world("Turin", 5)
    chip, tcb = genoa.hwid.hex(), query(genoa.tcb, "Genoa")
    other = world("Genoa", 3, hwid=bytes(range(64)))
    legacy = turin.tcb_version
    mixed = query(Tcb(legacy[0], legacy[1], legacy[6], legacy[7], fmc=legacy[0]), "Turin")
    without_fmc = path(turin).replace(f"fmcSPL={turin.tcb.fmc:02}&", "")
    rows: tuple[tuple[str, str, int, World, str, str, tuple[str, ...]], ...] = (
        (
            "url-turin-128",
            "128 digits of a Turin chip",
            9,
            turin,
            path(turin, hwid=turin.hwid.ljust(64, b"\0").hex()),
            "malformed",
            (TURIN,),
        ),
        ("url-turin-no-fmc", "A Turin path without fmcSPL", 13, turin, without_fmc, "malformed", (TURIN,)),
        (
            "url-turin-legacy",
            "Turin's TCB_VERSION read by Genoa's layout",
            10,
            turin,
            path(turin, tcb=mixed),
            "other-tcb",
            ("tcb-turin-legacy-layout",),
        ),
        ("url-16", "16 digits of a Genoa chip", 9, genoa, path(genoa, hwid=chip[:16]), "malformed", ()),
        (
            "url-127",
            "One digit of the chip id is missing",
            15,
            genoa,
            path(genoa, hwid=chip[:-1]),
            "malformed",
            (),
        ),
        (
            "url-prefix",
            "The chip id begins with 0x",
            9,
            genoa,
            path(genoa, hwid="0x" + chip),
            "malformed",
            (),
        ),
        (
            "url-separators",
            "The chip id has separators",
            9,
            genoa,
            path(genoa, hwid=genoa.hwid.hex(":")),
            "malformed",
            (),
        ),
        (
            "url-no-hex",
            "A digit of the chip id is none",
            15,
            genoa,
            path(genoa, hwid="g" + chip[1:]),
            "malformed",
            (),
        ),
        (
            "url-reversed",
            "The bytes of the chip id are reversed",
            9,
            genoa,
            path(genoa, hwid=genoa.hwid[::-1].hex()),
            "unknown",
            (),
        ),
        ("url-other-chip", "Another chip", 16, genoa, path(other), "unknown", ()),
        (
            "url-zero-chip",
            "The chip id is zero",
            16,
            genoa,
            path(genoa, hwid=bytes(64).hex()),
            "unknown",
            ("kds-masked-chip-id-request",),
        ),
        (
            "url-bergamo",
            "The product line is given as Bergamo",
            8,
            genoa,
            path(genoa, product="Bergamo"),
            "unknown",
            (ZEN4C,),
        ),
        (
            "url-unknown",
            "The product line is given as Unknown",
            8,
            genoa,
            path(genoa, product="Unknown"),
            "unknown",
            (ZEN4C,),
        ),
        (
            "url-milan-line",
            "The product line is given as Milan",
            8,
            genoa,
            path(genoa, product="Milan"),
            "unknown",
            (),
        ),
        (
            "url-hex",
            "Microcode's number is hexadecimal",
            11,
            genoa,
            path(genoa, tcb=tcb.replace("ucodeSPL=84", "ucodeSPL=0x54")),
            "malformed",
            (NUMBERS,),
        ),
        (
            "url-negative",
            "A number is negative",
            15,
            genoa,
            path(genoa, tcb=tcb.replace("blSPL=10", "blSPL=-1")),
            "malformed",
            (),
        ),
        (
            "url-256",
            "A number is 256",
            15,
            genoa,
            path(genoa, tcb=tcb.replace("ucodeSPL=84", "ucodeSPL=256")),
            "malformed",
            (),
        ),
        (
            "url-empty-number",
            "A number is missing",
            15,
            genoa,
            path(genoa, tcb=tcb.replace("blSPL=10", "blSPL=")),
            "malformed",
            (),
        ),
        (
            "url-name",
            "A parameter's name is another",
            10,
            genoa,
            path(genoa, tcb=tcb.replace("snpSPL", "snp_spl")),
            "malformed",
            (),
        ),
        (
            "url-vlek",
            "A VLEK is asked for",
            5,
            genoa,
            f"/vlek/v1/Genoa/cert?{tcb}",
            "credentials",
            ("kds-vlek-not-fetchable",),
        ),
        (
            "url-other-tcb",
            "Another TCB of the chip",
            12,
            genoa,
            path(genoa, tcb=tcb.replace("snpSPL=23", "snpSPL=22")),
            "other-tcb",
            (SOURCE,),
        ),
    )
    for name, defect, req, w, url, reason, flags in rows:
        twin = "url-turin" if w is turin else "url-genoa"
        f.invalid(
            name,
            defect,
            [f"KDS-{req:03}"],
            "kds-request",
            given(w, url=url),
            twin=twin,
            defect=defect,
            changes=[("url", "path", None)],
            reason=reason,
            flags=flags,
            product=w.product,
            version=w.version,
        )
    for method in ("POST", "HEAD"):
        f.invalid(
            f"method-{method.lower()}",
            f"The method is {method}",
            ["KDS-001"],
            "kds-request",
            given(genoa, url=path(genoa), method=method),
            twin="url-genoa",
            defect=f"The method is {method}",
            changes=[("method", "method", None)],
            reason="method",
            product="Genoa",
            version=3,
        )
    for which in ("CURRENT", "COMMITTED"):
        higher = Tcb(genoa.tcb.bl, genoa.tcb.tee, genoa.tcb.snp + 1, genoa.tcb.ucode).version("Genoa")
        values: dict[str, int | bytes] = {"CURRENT_TCB": higher}
        if which == "COMMITTED":
            values["COMMITTED_TCB"] = higher
        defect = f"The path is made of {which}_TCB"
        f.invalid(
            f"url-{which.lower()}",
            defect,
            ["KDS-012"],
            "kds-request",
            {
                **given(genoa),
                "report": genoa.puts(values),
                "url": path(genoa, tcb=tcb.replace("snpSPL=23", "snpSPL=24")),
            },
            twin="url-genoa",
            defect=defect,
            changes=[("report", ", ".join(values), "vcek"), ("url", "snpSPL", None)],
            reason="other-tcb",
            flags=[SOURCE],
            product="Genoa",
            version=3,
        )


@dataclass(frozen=True)
class Asked:
    """The chain or list that a report's leaf needs, at URL. MORE: of the input."""

    name: str
    title: str
    requirement: int
    w: World
    url: str
    more: Change | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class WrongPath:
    """A path that does not bring the chain that TWIN's brings."""

    name: str
    defect: str
    requirement: int
    w: World
    url: str
    reason: str
    twin: str
    flags: tuple[str, ...] = ()


def add_shared(f: Family) -> None:
    """Chains and lists. That a VLEK's list lies at a path of its own is the ASVK's word alone (AMB-61)."""
    genoa, vlek, zen4c = world("Genoa", 3), world("Milan", 3, "vlek"), world("Bergamo", 3)
    masked = {"report": genoa.put("CHIP_ID", bytes(64))}
    chain, vlek_chain, crl = "/vcek/v1/Genoa/cert_chain", "/vlek/v1/Milan/cert_chain", "/vcek/v1/Genoa/crl"
    of_zen4c = "The chain of a Bergamo or Siena is Genoa's"
    for row in (
        Asked("chain-vcek", "The chain of a VCEK", 2, genoa, chain),
        Asked("chain-vlek", "The chain of a VLEK", 3, vlek, vlek_chain),
        Asked("chain-zen4c", of_zen4c, 8, zen4c, chain, flags=(ZEN4C,)),
        Asked("chain-masked", "The chain of a VCEK whose chip is masked", 2, genoa, chain, masked),
        Asked("list-vcek", "The list of a VCEK's ARK", 6, genoa, crl, {"what": "crl"}),
        Asked("url-chain-vcek", "The path of a VCEK's chain", 2, genoa, chain, {"url": chain}),
        Asked("url-chain-vlek", "The path of a VLEK's chain", 3, vlek, vlek_chain, {"url": vlek_chain}),
        Asked("url-chain-zen4c", "The path of a Bergamo's chain", 8, zen4c, chain, {"url": chain}, (ZEN4C,)),
    ):
        f.valid(
            row.name,
            row.title,
            [f"KDS-{row.requirement:03}"],
            "kds-request",
            given(row.w, what="cert_chain") | (row.more or {}),
            {"url": row.url},
            flags=row.flags,
            product=row.w.product,
            version=3,
        )


def add_shared_paths(f: Family) -> None:
    genoa, vlek, zen4c = world("Genoa", 3), world("Milan", 3, "vlek"), world("Bergamo", 3)
    as_vcek, as_vlek = "A VLEK's chain is asked for as a VCEK's", "A VCEK's chain is asked for as a VLEK's"
    other, bergamo = "Another line's chain is asked for", "The chain's product line is given as Bergamo"
    for row in (
        WrongPath("vcek-for-vlek", as_vcek, 3, vlek, "vcek/v1/Milan", "kind", "vlek"),
        WrongPath("vlek-for-vcek", as_vlek, 2, genoa, "vlek/v1/Genoa", "kind", "vcek"),
        WrongPath("other-line", other, 2, genoa, "vcek/v1/Milan", "kind", "vcek"),
        WrongPath("bergamo", bergamo, 8, zen4c, "vcek/v1/Bergamo", "unknown", "zen4c", (ZEN4C,)),
    ):
        f.invalid(
            f"url-chain-{row.name}",
            row.defect,
            [f"KDS-{row.requirement:03}"],
            "kds-request",
            given(row.w, what="cert_chain", url=f"/{row.url}/cert_chain"),
            twin=f"url-chain-{row.twin}",
            defect=row.defect,
            changes=[("url", "path", None)],
            reason=row.reason,
            flags=row.flags,
            product=row.w.product,
            version=3,
        )


def add_shared_refusals(f: Family) -> None:
    """No chain is asked for, or by another method."""
    w = world("Genoa", 3)
    no_signer, no_product = w.put("KEY_INFO", 7 << 2), w.put("CPUID_FAM_ID", 0x1B)
    url, method = "/vcek/v1/Genoa/cert_chain", "A chain is asked for by POST"
    of_none = "A chain is asked for, but SIGNING_KEY names no key"
    of_line = "A chain is asked for, but the processor is of no known line"
    for name, defect, req, more, changed, reason in (
        ("chain-no-signer", of_none, 21, {"report": no_signer}, ("report", "KEY_INFO", "vcek"), "signer"),
        (
            "chain-no-product",
            of_line,
            8,
            {"report": no_product},
            ("report", "CPUID_FAM_ID", "vcek"),
            "product",
        ),
        ("url-chain-post", method, 1, {"url": url, "method": "POST"}, ("method", "method", None), "method"),
    ):
        f.invalid(
            name,
            defect,
            [f"KDS-{req:03}"],
            "kds-request",
            given(w, what="cert_chain") | more,
            twin="url-chain-vcek" if "url" in more else "chain-vcek",
            defect=defect,
            changes=[changed],
            reason=reason,
            product="Genoa",
            version=3,
        )


def add(f: Family) -> None:
    add_reports(f)
    add_shared(f)
    add_shared_paths(f)
    add_shared_refusals(f)
    add_report_refusals(f)
    add_good_paths(f)
    add_bad_paths(f)
