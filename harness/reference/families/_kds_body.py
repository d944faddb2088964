"""Answers of the service, as data."""

from __future__ import annotations

from typing import Any

from reference import der, mint
from reference.bundle import Family
from reference.families._kds_url import path
from reference.mint import Tcb
from reference.world import AT, world

HTML = (
    b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Welcome to the network.</body></html>\n"
)
NOT_FOUND = b"404 - Not Found\n"
SAVED, CUT, ORDER, ANSWER = (
    "kds-404-saved-as-cert",
    "kds-content-length-truncated",
    "kds-cert-chain-order",
    "kds-other-answer",
)
CRL_FLAG = "crl-html-or-pem"
CHAIN, LEAF, LIST = "/vcek/v1/Genoa/cert_chain", "leaf", "/vcek/v1/Genoa/crl"
VLEK_CHAIN = "/vlek/v1/Genoa/cert_chain"
PLACES = {"chain": CHAIN, "chain-vlek": VLEK_CHAIN, "leaf": LEAF, "list": LIST}


def chain_of(product: str, kind: str = "vcek") -> bytes:
    """PEM: ASK or ASVK, then ARK."""
    w = world(product, 3, kind)
    return mint.pem(w.certs[w.ca_kind]) + mint.pem(w.certs["ark"])


class Cases:
    """Adds answers."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.genoa = world("Genoa", 3)
        self.chain = chain_of("Genoa")
        self.leaf = self.genoa.certs["vcek"]

    def input(self, where: str, body: bytes, **more: Any) -> dict[str, Any]:
        url = path(self.genoa) if where == LEAF else where
        given = {"op": "kds_body", "path": url, "status": 200, "body": body, "content_length": len(body)}
        if where == LIST:
            given |= {"report": self.genoa.report, "certs": self.genoa.certs, "at": AT}
        return {k: v for k, v in {**given, **more}.items() if v is not None}

    def valid(
        self, name: str, title: str, req: int, where: str, body: bytes, *kinds: str, **more: Any
    ) -> None:
        given = self.input(where, body, **more)
        self.family.valid(name, title, [f"KDS-{req:03}"], "kds-answer", given, {"kinds": list(kinds)})

    def invalid(
        self, name: str, defect: str, req: int, twin: str, body: bytes, reason: str, *flags: str, **more: Any
    ) -> None:
        where = PLACES[twin]
        base, given = self.input(where, self.base(twin)), self.input(where, body, **more)
        self.family.invalid(
            name,
            defect,
            [f"KDS-{req:03}"],
            "kds-answer",
            given,
            twin=f"body-{twin}",
            defect=defect,
            changes=[(name, name, None) for name in given if given[name] != base[name]],
            reason=reason,
            flags=flags,
        )

    def base(self, twin: str) -> bytes:
        bodies = {"chain": self.chain, "leaf": self.leaf, "list": self.genoa.crl}
        return bodies[twin] if twin in bodies else chain_of("Genoa", "vlek")


def add_served(c: Cases) -> None:
    """What sevkit's own service answers, byte for byte: its keys are published and its clock stands at AT."""
    for line in ("Milan", "Genoa", "Turin"):
        w, low = world(line, 3), line.lower()
        for tree, req, kinds in (("vcek", 2, ("ASK", "ARK")), ("vlek", 3, ("ASVK", "ARK"))):
            title = f"{kinds[0]} and ARK of {line} as sevkit's service gives them"
            where = f"/{tree}/v1/{line}/cert_chain"
            c.valid(f"served-{tree}-{low}", title, req, where, chain_of(line, tree), *kinds, served=True)
        title = f"A {line} VCEK as sevkit's service gives it"
        c.valid(f"served-leaf-{low}", title, 4, path(w), w.certs["vcek"], "VCEK", served=True)


def add_good(c: Cases) -> None:
    c.valid("body-chain", "ASK, then ARK, in PEM", 2, CHAIN, c.chain, "ASK", "ARK")
    vlek = chain_of("Genoa", "vlek")
    c.valid("body-chain-vlek", "ASVK, then ARK, in PEM", 3, VLEK_CHAIN, vlek, "ASVK", "ARK")
    c.valid("body-leaf", "A VCEK in DER", 4, LEAF, c.leaf, "VCEK")
    again = c.genoa.leaf(not_before=der.utc_time("2025-06-01T00:00:00Z")).der()
    c.valid("body-leaf-again", "The same VCEK minted at another time", 19, LEAF, again, "VCEK")
    c.valid("body-list", "The ARK's list", 6, LIST, c.genoa.crl, "CRL")
    c.valid(
        "body-crlf",
        "Lines of the chain end with CRLF",
        14,
        CHAIN,
        c.chain.replace(b"\n", b"\r\n"),
        "ASK",
        "ARK",
    )
    c.valid("body-no-end", "The last line of the chain has no end", 14, CHAIN, c.chain.rstrip(), "ASK", "ARK")
    c.valid(
        "body-no-length",
        "An answer without Content-Length",
        20,
        CHAIN,
        c.chain,
        "ASK",
        "ARK",
        content_length=None,
    )


def add_errors(c: Cases) -> None:
    for status, body, what in ((404, NOT_FOUND, "a text"), (500, HTML, "HTML"), (429, b"", "nothing")):
        c.invalid(
            f"leaf-{status}",
            f"{status} with {what}, for a VCEK",
            20,
            "leaf",
            body,
            "status",
            SAVED,
            status=status,
        )
    c.invalid("leaf-404-cert", "404 with a good certificate", 20, "leaf", c.leaf, "status", SAVED, status=404)
    c.invalid(
        "leaf-302",
        "A redirection with a good certificate",
        20,
        "leaf",
        c.leaf,
        "status",
        "kds-redirect-http",
        status=302,
    )
    c.invalid("leaf-html", "200 with HTML, for a VCEK", 20, "leaf", HTML, "encoding", SAVED)
    c.invalid("leaf-text", "200 with the text of a 404, for a VCEK", 20, "leaf", NOT_FOUND, "encoding", SAVED)
    c.invalid(
        "leaf-empty", "200 with nothing, for a VCEK", 20, "leaf", b"", "encoding", "chain-short-cert-panics"
    )
    c.invalid(
        "chain-404", "404 with a text, for a chain", 20, "chain", NOT_FOUND, "status", SAVED, status=404
    )
    c.invalid("chain-html", "200 with HTML, for a chain", 20, "chain", HTML, "encoding", SAVED)
    c.invalid(
        "chain-empty",
        "200 with nothing, for a chain",
        20,
        "chain",
        b"",
        "encoding",
        "chain-short-cert-panics",
    )


def add_cut(c: Cases) -> None:
    half = len(c.leaf) // 2
    c.invalid(
        "leaf-cut",
        "Half a VCEK, though more was announced",
        20,
        "leaf",
        c.leaf[:half],
        "length",
        CUT,
        content_length=len(c.leaf),
    )
    c.invalid("leaf-cut-announced", "Half a VCEK, as announced", 20, "leaf", c.leaf[:half], "encoding", CUT)
    c.invalid("leaf-one-less", "A VCEK without its last byte", 20, "leaf", c.leaf[:-1], "encoding", CUT)
    c.invalid(
        "leaf-longer",
        "More bytes than announced",
        20,
        "leaf",
        c.leaf,
        "length",
        CUT,
        content_length=len(c.leaf) - 1,
    )
    c.invalid(
        "chain-cut",
        "A chain cut inside the ARK, though more was announced",
        20,
        "chain",
        c.chain[:-700],
        "length",
        CUT,
        content_length=len(c.chain),
    )
    c.invalid(
        "chain-cut-announced",
        "A chain cut inside the ARK, as announced",
        20,
        "chain",
        c.chain[:-700],
        "encoding",
        CUT,
    )
    broken = c.chain.replace(b"\nMII", b"\n!II", 1)
    c.invalid("chain-base64", "A character of the chain is no base64", 2, "chain", broken, "encoding")


def add_chains(c: Cases) -> None:
    ask, ark = mint.pem(c.genoa.certs["ask"]), mint.pem(c.genoa.certs["ark"])
    asvk = mint.pem(world("Genoa", 3, "vlek").certs["asvk"])
    c.invalid("chain-order", "The ARK comes before the ASK", 2, "chain", ark + ask, "order", ORDER)
    c.invalid("chain-one", "The ASK alone", 2, "chain", ask, "count", ORDER)
    c.invalid("chain-three", "A third certificate follows", 2, "chain", ask + ark + asvk, "count", ORDER)
    c.invalid("chain-asvk", "The ASVK in place of the ASK", 2, "chain", asvk + ark, "kind", ORDER)
    c.invalid("chain-vlek-ask", "The ASK in place of the ASVK", 3, "chain-vlek", c.chain, "kind", ORDER)
    c.invalid("chain-twice", "The ASK twice", 2, "chain", ask + ask, "kind", ORDER)
    c.invalid("chain-leaf", "The VCEK in place of the ASK", 2, "chain", mint.pem(c.leaf) + ark, "kind", ORDER)
    c.invalid(
        "chain-line", "The chain of another product line", 2, "chain", chain_of("Milan"), "other", ANSWER
    )
    c.invalid(
        "chain-der", "The chain in DER", 14, "chain", c.genoa.certs["ask"] + c.genoa.certs["ark"], "encoding"
    )


def add_leaves(c: Cases) -> None:
    other = world("Genoa", 3, hwid=bytes(range(64))).certs["vcek"]
    w = c.genoa
    lower = world("Genoa", 3, tcb=Tcb(w.tcb.bl, w.tcb.tee, w.tcb.snp - 1, w.tcb.ucode)).certs["vcek"]
    c.invalid(
        "leaf-trailing",
        "A byte after the VCEK",
        20,
        "leaf",
        c.leaf + b"\0",
        "encoding",
        "chain-cert-trailing-bytes",
    )
    c.invalid(
        "leaf-two",
        "The ASK after the VCEK",
        20,
        "leaf",
        c.leaf + w.certs["ask"],
        "encoding",
        "chain-cert-trailing-bytes",
    )
    c.invalid("leaf-chip", "The VCEK of another chip", 4, "leaf", other, "other", ANSWER)
    c.invalid("leaf-tcb", "The VCEK of another TCB", 4, "leaf", lower, "other", ANSWER)
    c.invalid(
        "leaf-line",
        "A VCEK of another product line",
        4,
        "leaf",
        world("Milan", 3).certs["vcek"],
        "other",
        ANSWER,
    )
    c.invalid("leaf-ask", "The ASK in place of the VCEK", 4, "leaf", w.certs["ask"], "kind", ANSWER)
    c.invalid(
        "leaf-vlek",
        "A VLEK in place of the VCEK",
        4,
        "leaf",
        world("Genoa", 3, "vlek").certs["vlek"],
        "kind",
        ANSWER,
    )


def add_lists(c: Cases) -> None:
    crl = c.genoa.crl
    c.invalid("list-html", "200 with HTML, for a list", 20, "list", HTML, "list", CRL_FLAG)
    c.invalid("list-empty", "200 with nothing, for a list", 20, "list", b"", "list", CRL_FLAG)
    c.invalid("list-cut", "The list without its last byte, as announced", 20, "list", crl[:-1], "list", CUT)
    c.invalid("list-404", "404 with a text, for a list", 20, "list", NOT_FOUND, "status", SAVED, status=404)
    c.invalid(
        "list-line",
        "The list of another product line's ARK",
        6,
        "list",
        world("Milan", 3).crl,
        "list",
        ANSWER,
    )
    c.invalid(
        "list-cert", "A certificate in place of the list", 6, "list", c.genoa.certs["ark"], "list", CRL_FLAG
    )


def blobs(f: Family, c: Cases) -> None:
    f.blob("report-genoa", c.genoa.report)
    f.blob("report-genoa-vlek", world("Genoa", 3, "vlek").report)
    for name, data in (c.genoa.certs | {"vlek": world("Genoa", 3, "vlek").certs["vlek"]}).items():
        f.blob(f"{name}-genoa", data)
    f.blob("crl-genoa", c.genoa.crl)
    f.blob("chain-genoa", c.chain)


def add(f: Family) -> None:
    c = Cases(f)
    blobs(f, c)
    for group in (add_served, add_good, add_errors, add_cut, add_chains, add_leaves, add_lists):
        group(c)
