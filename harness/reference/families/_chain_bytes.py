"""Family chain: bytes that are not exactly one certificate."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from reference import der
from reference.families._book import Book
from reference.mint import pem
from reference.world import World, world

SHORT, TAIL, PEM = "chain-short-cert-panics", "chain-cert-trailing-bytes", "ct-pem-vs-der"


def not_one(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)

    def slot(name: str, defect: str, made: bytes, where: str = "vcek", flag: str = SHORT) -> None:
        changes = {f"certs.{where}": (made, "certificate", None)}
        of = b.known_anchor(w) if where == "ark" else base
        b.refuse(name, defect, ["VRF-040"], of, changes, flags=[flag])

    def text(name: str, defect: str, made: bytes, flag: str = PEM) -> None:
        """MADE of the VCEK's PEM: who reads none has nothing to say about it."""
        b.refuse(name, defect, ["VRF-040"], "pem", {"certs.vcek": (made, "PEM", None)}, flags=[flag])

    vcek, ask, ark = w.certs["vcek"], w.certs["ask"], w.certs["ark"]
    slot("vcek-empty", "The VCEK is empty", b"")
    slot("vcek-1-byte", "The VCEK is one byte", b"\x30")
    slot("vcek-26-bytes", "The VCEK is its first 26 bytes", vcek[:26])
    slot("ask-empty", "The ASK is empty", b"", "ask")
    slot("vcek-cut", "The VCEK is one byte short", vcek[:-1])
    slot("vcek-zeros", "The VCEK is zeros", bytes(len(vcek)))
    noise = hashlib.sha256(b"sevkit noise").digest()
    slot(
        "ark-noise",
        "The ARK is 32 random bytes, where no root is given",
        noise,
        "ark",
        "chain-no-ark-parse-logged",
    )
    slot("ask-noise", "The ASK is 32 random bytes", noise, "ask", "chain-no-ark-parse-logged")
    slot("vcek-trailing-byte", "A zero byte follows the VCEK", vcek + b"\0", flag=TAIL)
    slot("vcek-page-padding", "The VCEK is padded with zeros to a page", vcek.ljust(4096, b"\0"), flag=TAIL)
    slot("vcek-two", "A second certificate follows the VCEK", vcek + ask, flag=TAIL)
    slot("ask-trailing-byte", "A zero byte follows the ASK", ask + b"\0", "ask", TAIL)
    slot("ark-trailing-byte", "A zero byte follows the ARK, where no root is given", ark + b"\0", "ark", TAIL)
    good = pem(vcek)
    text("vcek-26-bytes-of-pem", "The VCEK is the first 26 bytes of a PEM label", good[:26], SHORT)
    text("pem-two", "The VCEK's PEM holds a second certificate", good + pem(ask))
    text("pem-label", "The VCEK's PEM is labelled as a public key", pem(vcek, "PUBLIC KEY"))
    broken = good.replace(b"MII", b"M!I", 1)
    text("pem-letter", "The VCEK's PEM has a letter that is no base64", broken)
    text("pem-no-end", "The VCEK's PEM has no END line", good[: good.index(b"-----END")])
    text("pem-nul-after", "A zero byte follows the VCEK's PEM", good + b"\0")
    text("pem-mark", "A byte order mark stands before the VCEK's PEM", b"\xef\xbb\xbf" + good)
    header = good.replace(b"-----\n", b"-----\nProc-Type: 4,CLEAR\n\n", 1)
    text("pem-header", "The VCEK's PEM has a header", header)
    other_end = good.replace(b"END CERTIFICATE", b"END CERTIFICATE REQUEST")
    text("pem-other-end", "The VCEK's PEM ends with another label", other_end)
    text("pem-no-body", "The VCEK's PEM has no body", pem(b""))
    text("pem-of-trailing", "The VCEK's PEM holds a byte after the certificate", pem(vcek + b"\0"), TAIL)
    slot("hex-text", "The VCEK is given as hex text", vcek.hex().encode(), flag=PEM)
    slot("crl-for-vcek", "A CRL stands in the VCEK's place", w.crl)
    slot("report-for-vcek", "The report stands in the VCEK's place", w.report)
    slot(
        "vcek-sequence-empty", "The VCEK is an empty SEQUENCE", der.sequence(), flag="chain-short-cert-panics"
    )


def broken_der(b: Book) -> None:
    """DER rules inside a certificate. Where signatures would break the certificate is signed anew."""
    w = world("Genoa", 3)
    base = b.base(w)
    leaf = w.leaf()
    good, tbs = leaf.der(), leaf.tbs()
    parts = good[4:]

    def outer(name: str, defect: str, made: bytes) -> None:
        changes = {"certs.vcek": (made, "certificate", None)}
        b.refuse(name, defect, ["VRF-040"], base, changes, flags=["chain-cert-trailing-bytes"])

    outer("indefinite-length", "The VCEK has an indefinite length", b"\x30\x80" + parts + b"\0\0")
    outer("length-3-octets", "The VCEK's length has a zero octet in front", der.tlv(0x30, parts, 3))
    outer(
        "length-too-long",
        "The VCEK's length is one more than its bytes",
        b"\x30\x82" + (len(parts) + 1).to_bytes(2, "big") + parts,
    )
    outer("length-4-gib", "The VCEK's length is 4 GiB less one", b"\x30\x84\xff\xff\xff\xff" + parts)
    outer("length-of-8-octets", "The VCEK's length is 2^64 less one", b"\x30\x88" + b"\xff" * 8 + parts)
    outer("outer-set", "The VCEK is a SET", b"\x31" + good[1:])
    outer(
        "element-after-signature",
        "An element follows the VCEK's signature inside its SEQUENCE",
        der.sequence(parts, der.null()),
    )
    outer("no-signature", "The VCEK ends after its algorithm", der.sequence(tbs, leaf.algorithm))
    deep = b""
    for _ in range(600):
        deep = der.sequence(deep)
    outer("deep", "The VCEK is SEQUENCEs 600 deep", deep)
    for name, defect, made in (
        ("tbs-element-more", "An element follows the VCEK's extensions", replace(leaf, tbs_tail=der.null())),
        ("serial-empty", "The VCEK's serial number is an INTEGER without bytes", replace(leaf, serial=b"")),
        ("serial-padded", "The VCEK's serial number has a zero byte too many", replace(leaf, serial=b"\0\1")),
    ):
        changes = {"certs.vcek": (made.der(), "tbsCertificate", "ask")}
        b.refuse(name, defect, ["VRF-040"], base, changes)


def pem_files(b: Book) -> None:
    w: World = world("Genoa", 3)
    base = b.base(w)
    vcek = pem(w.certs["vcek"])
    for name, title, made in (
        ("pem", "The VCEK as PEM", vcek),
        ("pem-crlf", "The VCEK as PEM with CRLF", vcek.replace(b"\n", b"\r\n")),
        ("pem-no-newline", "The VCEK as PEM without a last newline", vcek.rstrip(b"\n")),
        ("pem-blank-lines", "The VCEK as PEM with blank lines before and after", b"\n\n" + vcek + b"\n\n"),
    ):
        b.vary(name, title, ["VRF-040"], base, {"certs.vcek": (made, "PEM", None)}, flags=["ct-pem-vs-der"])
    everything = {f"certs.{slot}": (pem(made), "PEM", None) for slot, made in w.certs.items()}
    b.vary("pem-all", "All certificates as PEM", ["VRF-040"], base, everything, flags=["ct-pem-vs-der"])


def add(b: Book) -> None:
    pem_files(b)
    not_one(b)
    broken_der(b)
