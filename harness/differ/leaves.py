"""Certificates and the AMD extensions of leaves. Certificate notes, sections 1 and 2."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random

from reference import cert, der, der_read, mint, tcb, world
from reference.cert import AMD, CertError
from reference.der_read import DerError
from reference.mint import Certificate, Extension, Extensions

from differ import form, mutate, seeds, tree
from differ.kind import Expected, Input

SERIALS = (b"\x00", b"\x01", b"\x7f", b"\x00\x80", b"\x80", b"\xff", b"\x01\x00\x01", b"\x7f" * 20)
STRANGERS = (
    "2.5.29.17",
    "2.5.29.37",
    "1.3.6.1.4.1.3704.2.1",
    "1.3.6.1.4.1.3704",
    "1.3.6.1.4.1.37041.1.1",
    "0.0",
)
AMD_STRANGERS = tuple(f"{mint.ARC}{tail}" for tail in ("", ".3", ".6", ".3.10", ".3.1.0", ".4.1"))
PRINTABLE = string.digits + string.ascii_letters + " -.=,:/'()+~!\"#"


@cache
def templates() -> tuple[tuple[str, Certificate], ...]:
    """Leaves of every line and kind, without their signature, which nobody looks at here."""
    return tuple((w.product, w.leaf(signature=bytes(512))) for w in world.worlds() if w.version == 5)


@cache
def trees() -> tuple[tree.Node, ...]:
    return tuple(root for data in seeds.certificates() if (root := tree.parse(data)))


def _time(rng: Random) -> bytes:
    years = rng.choice((1950, 1999, 2000, 2026, 2049, 2050, 1, 9999, rng.randrange(1950, 2100)))
    day = f"-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    rest = f"{day}T{rng.randrange(24):02}:{rng.randrange(60):02}:59Z"
    if 1950 <= years < 2050 and rng.random() < 0.7:
        return der.utc_time(f"{years}{rest}")
    return der.tlv(der.GENERALIZED_TIME, re.sub("[-T:]", "", f"{years:04}{rest}").encode())


def _text(rng: Random) -> str:
    return "".join(rng.choice(PRINTABLE) for _ in range(rng.choice((1, 2, 20, 60, 127))))


def _name(rng: Random, line: str) -> str:
    letter, digit = rng.choice(string.ascii_uppercase), rng.choice(string.digits)
    return rng.choice((line, f"{line}-{letter}{digit}"))


def _good_value(rng: Random, line: str, extension: Extension) -> bytes:
    oid, value = extension.oid, extension.value
    if oid == mint.PRODUCT_NAME:
        return der.text(der.IA5, _name(rng, line))
    if oid == mint.HWID:
        return rng.randbytes(len(value))
    if oid == mint.CSP_ID:
        return der.text(der.IA5, _text(rng))
    if oid in (mint.SPL[part] for part in ("bl", "tee", "snp", "ucode", "fmc")):
        top = 255 if oid == mint.SPL["ucode"] else 127
        return der.integer(rng.choice((0, 1, top - 1, top, rng.randrange(top + 1))))
    return value


def _good(rng: Random) -> tuple[str, Certificate]:
    """The line, and a leaf of it with other values in its extensions and around them."""
    line, made = rng.choice(templates())
    extensions = [replace(e, value=_good_value(rng, line, e)) for e in made.extensions or ()]
    if rng.random() < 0.3:
        extensions.append(Extension(rng.choice(STRANGERS), rng.randbytes(5), critical=rng.random() < 0.5))
    if rng.random() < 0.3:
        rng.shuffle(extensions)
    return line, replace(
        made,
        extensions=tuple(extensions),
        serial=rng.choice(SERIALS),
        not_before=_time(rng),
        not_after=_time(rng),
        unique_ids=der.tlv(0x81, b"\0\1") if rng.random() < 0.05 else b"",
        signature=rng.randbytes(rng.choice((0, 1, 512))),
    )


# ---- leaves with one fault in their extensions ----


def _other(rng: Random, extensions: Extensions) -> tuple[int, Extension]:
    """The place of one AMD extension, and itself."""
    places = [i for i, e in enumerate(extensions) if e.oid.startswith(AMD)]
    at = rng.choice(places)
    return at, extensions[at]


def _at(extensions: Extensions, at: int, *new: Extension) -> Extensions:
    return (*extensions[:at], *new, *extensions[at + 1 :])


Break = Callable[[Random, Extensions], Extensions]


def _missing(rng: Random, extensions: Extensions) -> Extensions:
    at, _ = _other(rng, extensions)
    return _at(extensions, at)


def _twice(rng: Random, extensions: Extensions) -> Extensions:
    _, one = _other(rng, extensions)
    return (*extensions, one)


def _critical(rng: Random, extensions: Extensions) -> Extensions:
    at, one = _other(rng, extensions)
    return _at(extensions, at, replace(one, critical=True))


def _false_critical(rng: Random, extensions: Extensions) -> Extensions:
    at, one = _other(rng, extensions)
    flag = der.tlv(der.BOOLEAN, rng.choice((b"\0", b"\1", b"", b"\xff\xff")))
    raw = der.sequence(der.oid(one.oid), flag, der.octets(one.value))
    return _at(extensions, at, replace(one, raw=raw))


def _stranger(rng: Random, extensions: Extensions) -> Extensions:
    return (*extensions, Extension(rng.choice(AMD_STRANGERS), der.integer(0)))


def _renamed(rng: Random, extensions: Extensions) -> Extensions:
    """Under another AMD extension's OID."""
    at, one = _other(rng, extensions)
    oids = (*mint.SPL.values(), mint.STRUCT_VERSION, mint.PRODUCT_NAME, mint.HWID, mint.CSP_ID)
    return _at(extensions, at, replace(one, oid=rng.choice(oids)))


def _numbers(rng: Random, extensions: Extensions) -> Extensions:
    """A number out of its range, or just in it, or written as no DER."""
    at, one = _other(rng, extensions)
    number = der.integer(rng.choice((-1, 1, 2, 127, 128, 129, 200, 255, 256, 257, -128, 65536, 1 << 64)))
    bad = (b"\x02\x00", b"\x02\x02\x00\x01", b"\x02\x02\xff\xff", b"\x0a\x01\x01", b"\x02\x81\x01\x01", b"")
    return _at(extensions, at, replace(one, value=rng.choice((number, number, rng.choice(bad)))))


def _texts(rng: Random, extensions: Extensions) -> Extensions:
    """A text in productName or cspID that may not be there."""
    places = [i for i, e in enumerate(extensions) if e.oid in (mint.PRODUCT_NAME, mint.CSP_ID)]
    at = rng.choice(places)
    line = rng.choice(tcb.PRODUCTS)
    content = rng.choice(
        (
            b"",
            b"\0",
            b"a\0b",
            b"a\x7f",
            b"\x1f",
            b" ",
            b"~",
            b"\x80",
            b"a\n",
            line.encode(),
            line.encode() + b"-B",
        )
        + (line.lower().encode(), line.encode() + b"-B0", line.encode() + b"-b0", line.encode() + b"-B00")
        + (line.encode() + b"\n", line.encode() + b"-B0\n", b"A" * 31, b"A" * 128, b"A" * 200)
    )
    tag = rng.choice((der.IA5, der.IA5, der.IA5, der.UTF8, der.PRINTABLE))
    return _at(extensions, at, replace(extensions[at], value=der.tlv(tag, content)))


def _sizes(rng: Random, extensions: Extensions) -> Extensions:
    """A hwID, or a value of another kind, of some size."""
    at = next((i for i, e in enumerate(extensions) if e.oid == mint.HWID), None)
    if at is None:
        at, _ = _other(rng, extensions)
    size = rng.choice((0, 1, 7, 8, 9, 63, 64, 65, 128))
    return _at(extensions, at, replace(extensions[at], value=rng.randbytes(size)))


def _tail(rng: Random, extensions: Extensions) -> Extensions:
    at, one = _other(rng, extensions)
    return _at(extensions, at, replace(one, value=one.value + rng.randbytes(rng.choice((1, 2)))))


BROKEN: tuple[Break, ...] = (
    _missing, _twice, _critical, _false_critical, _stranger, _renamed, _numbers, _numbers, _texts, _sizes,
    _tail,
)  # fmt: skip


def _other_names(rng: Random, made: Certificate) -> Certificate:
    """Other common names than a leaf's, other attributes, or those of another line or kind."""
    texts = [mint.ca_name(role, line) for role in ("ark", "ask", "asvk") for line in tcb.PRODUCTS]
    texts += [
        "SEV-VCEK",
        "SEV-VLEK",
        "SEV-VCEK ",
        "sev-vcek",
        "SEV-",
        "SEV-Rome",
        "SEV-VLEK-",
        "ARK-",
        "SEV-MilanX",
        "",
    ]
    text = rng.choice(texts)
    rdns = list(mint.rdns(text))
    how = rng.randrange(8)
    if how == 0:
        rng.shuffle(rdns)
    elif how == 1:
        del rdns[rng.randrange(len(rdns))]
    elif how == 2:
        at = rng.randrange(len(rdns))
        rdns[at] = (rdns[at][0], rng.choice((der.UTF8, der.PRINTABLE, der.IA5)), rdns[at][2])
    whole = der.sequence(*(mint.rdn(attribute) for attribute in rdns))
    return replace(made, issuer=whole) if rng.random() < 0.6 else replace(made, subject=whole)


# ---- PEM ----


def _good_pem(rng: Random, data: bytes) -> bytes:
    text = mint.pem(data)
    how = rng.randrange(5)
    if how == 0:
        return text.replace(b"\n", b"\r\n")
    if how == 1:
        return text.rstrip()
    if how == 2:
        return rng.choice((b"\n", b" ", b"\t\r\n")) + text + b"\n \n"
    return text


def _broken_pem(rng: Random, data: bytes) -> bytes:
    text = mint.pem(data)
    how = rng.randrange(10)
    if how == 0:
        return text + text
    if how == 1:
        return text + rng.choice((b"x", b"\0", b"-----", b"-----BEGIN CERTIFICATE-----\n", data[:8]))
    if how == 2:
        return rng.choice((b"x", b"x\n", b"subject=a\n", b"\0")) + text
    if how == 3:
        return mint.pem(
            data, rng.choice(("TRUSTED CERTIFICATE", "X509 CERTIFICATE", "X509 CRL", "CERTIFICATE ", ""))
        )
    if how == 4:
        at = rng.randrange(28, len(text) - 26)
        return mutate.put(text, at, rng.choice((b"=", b"!", b"\0", b" ", b"-", b"\n", b"_", b"\x0b")))
    if how == 5:
        return text.replace(b"\n", b"", rng.randrange(1, 4))
    if how == 6:
        return mutate.truncate(rng, text)
    if how == 7:
        return re.sub(rb"=*\n-----END", rng.choice((b"\n-----END", b"=\n-----END", b"==\n-----END")), text)
    if how == 8:
        return text.replace(b"\n", rng.choice((b"\n\n", b"\n \n", b"\r")), rng.randrange(1, 5))
    return mutate.blind(rng, text)[1]


def _make(rng: Random) -> Input:
    how = rng.random()
    if how < 0.55:
        line, made = _good(rng)
        if how < 0.4:
            return Input("good", made.der())
        if how < 0.45:
            return Input("good-pem", _good_pem(rng, made.der()))
        if how < 0.5:
            return Input("broken-pem", _broken_pem(rng, made.der()))
        return Input("names", _other_names(rng, made).der())
    if how < 0.75:
        _, made = _good(rng)
        change = rng.choice(BROKEN)
        return Input(change.__name__[1:], replace(made, extensions=change(rng, made.extensions or ())).der())
    if how < 0.92:
        label, data = tree.changed(rng, rng.choice(trees()))
        return Input(f"der-{label}", data)
    data = rng.choice(seeds.certificates())
    if how < 0.98:
        return Input(*mutate.blind(rng, data))
    return Input("splice", mutate.splice(rng, data, rng.choice(seeds.certificates())))


# ---- the prediction ----


def _value(one: cert.Cert, tail: str) -> bytes:
    found = one.extension(AMD + tail)
    assert found is not None
    return found.value


def _leaf(one: cert.Cert, kind: str | None, line: str | None) -> tuple[str, str]:
    """The end of the line, and the reason of a refusal."""
    if kind not in ("VCEK", "VLEK") or line is None:
        return "no leaf", "not a leaf's names"
    try:
        leaf = cert.leaf(one, kind, line)
    except CertError as error:
        return "no leaf", re.sub(r"\[.*\]|0x\w+|-?\d[\d.]*", "N", str(error))
    name = der_read.only(_value(one, cert.PRODUCT_NAME), der_read.IA5).content
    version = der_read.integer(der_read.only(_value(one, cert.STRUCT_VERSION), der_read.INTEGER))
    parts = ".".join(str(leaf.tcb[part]) for part in tcb.COMPONENTS)
    hwid, csp = (leaf.hwid or b"").hex(), (leaf.csp_id or "").encode().hex()
    fmc = int(one.extension(AMD + cert.FMC) is not None)
    return f"leaf {line} version={version} name={name.hex()} tcb={parts} fmc={fmc} hwid={hwid} csp={csp}", ""


def _expect(data: bytes) -> Expected:
    """A name that is not AMD's is refused by the chain in any case. Before that a certificate with one may be
    read by its common names, or be refused for what only its names say."""
    try:
        one = cert.parse(data)
        form.check(one)
    except (CertError, DerError) as error:
        return Expected("refused", re.sub(r"0x\w+|\d+", "N", str(error).removeprefix("not a certificate: ")))
    kind, product = form.claims(one.subject.raw)
    product = product or form.claims(one.issuer.raw)[1]
    end, reason = _leaf(one, kind, product)
    start = f"certificate {kind or 'other'} {product or 'unknown'} {one.not_before} {one.not_after}"
    strange = (None, None) in (cert.kind_and_line(one.subject), cert.kind_and_line(one.issuer))
    return Expected(f"{start} {end}", reason, "refused" if strange else None)


class Leaves:
    name, number = "extension", 2

    def make(self, rng: Random) -> Input:
        return _make(rng)

    def expect(self, data: bytes) -> Expected:
        return _expect(data)
