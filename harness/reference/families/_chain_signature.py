"""Family chain: signatures of certificates, their algorithm, and the keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from reference import der, keys, mint, p384, pss
from reference.families._book import Book, new_root
from reference.families._chain_anchor import ECDSA_SHA384, KEY
from reference.families._chain_profile import ONE
from reference.mint import Certificate
from reference.pss import FORM_A, FORM_B, Pss, RsaKey
from reference.world import World, world


def flipped(certificate: bytes) -> bytes:
    """The last bit of the signature is another one."""
    return certificate[:-1] + bytes([certificate[-1] ^ 1])


def signatures(b: Book) -> None:
    w = world("Genoa", 3)
    base, known = b.base(w), b.known_anchor(w)
    ask_key, ark_key = keys.root("ask", "Genoa"), keys.root("ark", "Genoa")

    def leaf(name: str, defect: str, made: Certificate, signer: str | None, *flags: str) -> None:
        change = {"certs.vcek": (made.der(), "signatureValue", signer)}
        b.refuse(name, defect, ["VRF-027"], base, change, flags=flags)

    for slot, requirement in (("vcek", "VRF-027"), ("ask", "VRF-026"), ("ark", "VRF-022")):
        b.refuse(
            f"{slot}-signature-bit",
            "A bit of a certificate's signature is another one",
            [requirement],
            known if slot == "ark" else base,
            {f"certs.{slot}": (flipped(w.certs[slot]), "signatureValue", None)},
            title=f"A bit of the {slot.upper()}'s signature is another one",
        )
    for v in (world("Milan", 3, "vlek"), world("Turin", 5)):
        b.refuse(
            f"{v.kind}-signature-bit-{v.product.lower()}",
            "A bit of a certificate's signature is another one",
            ["VRF-027"],
            b.base(v),
            {f"certs.{v.kind}": (flipped(v.certs[v.kind]), "signatureValue", None)},
            title=f"{v.product}: a bit of the {v.kind.upper()}'s signature is another one",
        )
    leaf(
        "leaf-signed-by-ark", "The VCEK is signed by the ARK", w.leaf(signer=mint.rsa_signer(ark_key)), "ark"
    )
    other = mint.rsa_signer(keys.root("ask", "Milan"))
    leaf(
        "leaf-signed-by-other-ask",
        "The VCEK is signed by another line's ASK",
        w.leaf(signer=other),
        "ask-milan",
    )
    other = mint.rsa_signer(keys.root("asvk", "Genoa"))
    leaf("leaf-signed-by-asvk", "The VCEK is signed by the line's ASVK", w.leaf(signer=other), "asvk")
    good = w.leaf().signer(w.leaf().tbs())
    leaf("signature-short", "The VCEK's signature is one byte short", w.leaf(signature=good[:-1]), None)
    leaf(
        "signature-long",
        "The VCEK's signature has a zero byte in front",
        w.leaf(signature=b"\0" + good),
        None,
    )
    leaf("signature-empty", "The VCEK's signature is empty", w.leaf(signature=b""), None)
    leaf("signature-zero", "The VCEK's signature is the number 0", w.leaf(signature=bytes(512)), None)
    wrapped = above_modulus(w.leaf(), ask_key)
    b.refuse(
        "signature-above-modulus",
        "The VCEK's signature is a good one plus the modulus",
        ["VRF-027"],
        b.accept(
            "serial-for-small-signature",
            "A VCEK with a serial number that is not 0",
            ["VRF-039"],
            w,
            w.input(vcek=replace(wrapped, signature=None).der()),
        ),
        {"certs.vcek": (wrapped.der(), "signatureValue", None)},
    )
    tbs = w.leaf().tbs()
    unused = der.sequence(tbs, FORM_B, der.bits(good[:-1] + bytes([good[-1] & 0xFE]), 1))
    b.refuse(
        "signature-unused-bits",
        "The VCEK's signature says that its last bit is unused",
        ["VRF-040"],
        base,
        {"certs.vcek": (unused, "signatureValue", None)},
    )
    with_ski = w.leaf().and_extension(mint.Extension(mint.SKI, der.octets(bytes(20))))
    leaf(
        "old-signature-new-content",
        "The VCEK has an extension more than what its signature covers",
        replace(with_ski, signature=good),
        None,
    )
    forged_key = keys.forged_rsa("ask")
    changed = mint.ask("Genoa", forged_key)
    changed = replace(changed, signature=w.ca().signer(w.ca().tbs()))
    b.refuse(
        "ask-key-exchanged",
        "The ASK's key is exchanged under the ARK's old signature",
        ["VRF-026"],
        base,
        {
            "certs.ask": (changed.der(), KEY, None),
            "certs.vcek": (w.leaf(signer=mint.rsa_signer(forged_key)).der(), "signatureValue", "forged ASK"),
        },
        flags=["chain-forged-root-amd-names"],
    )
    for name, defect, key, signer in (
        (
            "ask-signed-by-other-ark",
            "The ASK is signed by another line's ARK",
            keys.root("ark", "Milan"),
            "ark-milan",
        ),
        ("ask-signed-by-itself", "The ASK is signed by its own key", ask_key, "ask"),
        ("ask-signed-by-asvk", "The ASK is signed by the line's ASVK", keys.root("asvk", "Genoa"), "asvk"),
    ):
        made = w.ca(signer=mint.rsa_signer(key)).der()
        b.refuse(name, defect, ["VRF-026"], base, {"certs.ask": (made, "signatureValue", signer)})


def above_modulus(leaf: Certificate, key: RsaKey) -> Certificate:
    """LEAF with a serial number whose signature plus the modulus still has 512 bytes, and with that sum."""
    for serial in range(1, 1000):
        made = replace(leaf, serial=der.integer_content(serial))
        number = int.from_bytes(made.signer(made.tbs()), "big") + key.n
        if number < 1 << 4096:
            return replace(made, signature=number.to_bytes(512, "big"))
    raise AssertionError("no serial number gives a small signature")


@dataclass(frozen=True)
class Scheme:
    """STATED: the AlgorithmIdentifier of the certificate, inside and outside. USED: how it is signed."""

    name: str
    defect: str
    stated: bytes
    used: Pss | str


PARAMETERS = der.sequence(der.oid(pss.RSA_PSS), der.sequence())


def _mgf_absent() -> bytes:
    """SHA-384 and salt 48, the mask function left to its default, SHA-1."""
    parts = (der.explicit(0, pss.hash_identifier("sha384")), der.explicit(2, der.integer(48)))
    return der.sequence(der.oid(pss.RSA_PSS), der.sequence(*parts))


def _extra_field() -> bytes:
    parts = (
        der.explicit(0, pss.hash_identifier("sha384")),
        der.explicit(1, der.sequence(der.oid(pss.MGF1), pss.hash_identifier("sha384"))),
        der.explicit(2, der.integer(48)),
        der.explicit(3, der.integer(1)),
        der.explicit(4, der.integer(0)),
    )
    return der.sequence(der.oid(pss.RSA_PSS), der.sequence(*parts))


SHA256 = Pss("sha256", "sha256", 32)
SHA512 = Pss("sha512", "sha512", 64)
MGF256 = Pss(mgf_hash="sha256")
SCHEMES = (
    Scheme(
        "states-sha256",
        "states SHA-256 and a salt of 32 and is signed with SHA-384 and 48",
        SHA256.algorithm(),
        pss.AMD,
    ),
    Scheme(
        "uses-sha256", "states SHA-384 and a salt of 48 and is signed with SHA-256 and 32", FORM_B, SHA256
    ),
    Scheme("sha256", "is signed with PSS and SHA-256, and says so", SHA256.algorithm(), SHA256),
    Scheme("sha512", "is signed with PSS and SHA-512, and says so", SHA512.algorithm(), SHA512),
    Scheme(
        "mgf-sha256",
        "is signed with MGF1 over SHA-256 under SHA-384, and says so",
        MGF256.algorithm(),
        MGF256,
    ),
    Scheme(
        "states-mgf-sha256",
        "states MGF1 over SHA-256 and is signed with SHA-384",
        MGF256.algorithm(),
        pss.AMD,
    ),
    Scheme("uses-mgf-sha256", "states MGF1 over SHA-384 and is signed with SHA-256", FORM_B, MGF256),
    Scheme(
        "mgf-absent",
        "leaves the mask function to its default and is signed with SHA-384",
        _mgf_absent(),
        pss.AMD,
    ),
    Scheme(
        "salt-20", "is signed with a salt of 20 bytes, and says so", Pss(salt=20).algorithm(), Pss(salt=20)
    ),
    Scheme("salt-0", "is signed without a salt, and says so", Pss(salt=0).algorithm(), Pss(salt=0)),
    Scheme(
        "states-salt-20", "states a salt of 20 bytes and has one of 48", Pss(salt=20).algorithm(), pss.AMD
    ),
    Scheme("uses-salt-20", "states a salt of 48 bytes and has one of 20", FORM_B, Pss(salt=20)),
    Scheme("uses-salt-49", "states a salt of 48 bytes and has one of 49", FORM_B, Pss(salt=49)),
    Scheme(
        "states-trailer-2", "states trailer field 2 and is signed with 1", Pss(trailer=2).algorithm(), pss.AMD
    ),
    Scheme(
        "uses-trailer-2",
        "states trailer field 1 and its signature ends in another byte",
        FORM_A,
        Pss(trailer=2),
    ),
    Scheme("no-parameters", "states PSS without parameters", der.sequence(der.oid(pss.RSA_PSS)), pss.AMD),
    Scheme(
        "null-parameters",
        "states PSS with NULL for parameters",
        der.sequence(der.oid(pss.RSA_PSS), der.null()),
        pss.AMD,
    ),
    Scheme("default-parameters", "states PSS with all parameters at their defaults", PARAMETERS, pss.AMD),
    Scheme("parameter-more", "has a fifth PSS parameter", _extra_field(), pss.AMD),
    Scheme("pkcs1", "is signed with PKCS#1 v1.5 and SHA-384, and says so", pss.pkcs1_algorithm(), "sha384"),
    Scheme("states-pkcs1", "states PKCS#1 v1.5 and is signed with PSS", pss.pkcs1_algorithm(), pss.AMD),
    Scheme("uses-pkcs1", "states PSS and is signed with PKCS#1 v1.5", FORM_B, "sha384"),
    Scheme(
        "rsa-encryption",
        "states rsaEncryption as its signature algorithm",
        der.sequence(der.oid(pss.RSA_ENCRYPTION), der.null()),
        pss.AMD,
    ),
    Scheme(
        "states-ecdsa",
        "states ECDSA with SHA-384 and is signed with PSS",
        der.sequence(der.oid(ECDSA_SHA384)),
        pss.AMD,
    ),
)
CA_SCHEMES = ("sha256", "pkcs1", "uses-salt-20", "states-sha256")


def schemed(certificate: Certificate, key: RsaKey, scheme: Scheme) -> bytes:
    used = scheme.used
    signer = mint.pkcs1_signer(key, used) if isinstance(used, str) else mint.rsa_signer(key, used)
    return replace(certificate, algorithm=scheme.stated, signer=signer).der()


def schemes(b: Book) -> None:
    w = world("Genoa", 3)
    for scheme in SCHEMES:
        refuse_scheme(b, w, "vcek", f"leaf-{scheme.name}", scheme)
        if scheme.name in CA_SCHEMES:
            refuse_scheme(b, w, "ask", f"ask-{scheme.name}", scheme)
        if scheme.name in ("sha256", "pkcs1"):
            refuse_scheme(b, w, "ark", f"ark-{scheme.name}", scheme)
    pkcs1 = next(scheme for scheme in SCHEMES if scheme.name == "pkcs1")
    for v in (world("Turin", 5), world("Milan", 3, "vlek")):
        refuse_scheme(b, v, v.kind, f"{v.kind}-{v.product.lower()}-pkcs1", pkcs1)


def refuse_scheme(b: Book, w: World, slot: str, name: str, scheme: Scheme) -> None:
    """The certificate in SLOT under another scheme. One that states AMD's is refused for its signature."""
    certificate, signer, requirement = {
        w.kind: (w.leaf, w.ca_kind, "VRF-027"),
        w.ca_kind: (w.ca, "ark", "VRF-026"),
        "ark": (w.ark, "ark", "VRF-022"),
    }[slot]
    made = schemed(certificate(), keys.root(signer, w.product), scheme)
    where = slot.upper() if w.product == "Genoa" else f"{w.product} {slot.upper()}"
    b.refuse(
        name,
        f"{ONE} {scheme.defect}",
        ["VRF-031", requirement] if scheme.name.startswith("uses-") else ["VRF-031"],
        b.known_anchor(w) if slot == "ark" else b.base(w),
        {f"certs.{slot}": (made, "signatureAlgorithm, signatureValue", signer)},
        flags=["chain-pkcs1v15-signed" if "pkcs1" in scheme.name else "chain-pss-params-ignored"],
        title=f"The {where} {scheme.defect}",
        boundary=f"in the {where}",
    )


def inner_and_outer(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)
    flags = ["2-13"]
    for slot, certificate in (("vcek", w.leaf()), ("ask", w.ca()), ("ark", w.ark())):
        other = FORM_A if certificate.algorithm == FORM_B else FORM_B
        b.refuse(
            f"{slot}-forms-differ",
            f"{ONE}'s algorithm has its trailer spelled out in one of its two places",
            ["VRF-032"],
            b.known_anchor(w) if slot == "ark" else base,
            {f"certs.{slot}": (replace(certificate, outer=other).der(), "signatureAlgorithm", None)},
            flags=flags,
            title=f"The {slot.upper()}'s algorithm has its trailer spelled out in one of its two places",
            boundary=f"in the {slot.upper()}",
        )
    made = w.leaf(outer=pss.pkcs1_algorithm())
    b.refuse(
        "outer-pkcs1",
        "The VCEK's outer algorithm is PKCS#1 v1.5, its inner one PSS",
        ["VRF-032"],
        base,
        {"certs.vcek": (made.der(), "signatureAlgorithm", None)},
        flags=flags,
    )
    made = w.leaf(algorithm=pss.pkcs1_algorithm(), outer=FORM_B)
    b.refuse(
        "inner-pkcs1",
        "The VCEK's inner algorithm is PKCS#1 v1.5, its outer one PSS",
        ["VRF-032"],
        base,
        {"certs.vcek": (made.der(), "tbsCertificate.signature", "ask")},
        flags=flags,
    )
    made = w.leaf(algorithm=SHA256.algorithm(), outer=FORM_B)
    b.refuse(
        "inner-sha256",
        "The VCEK's inner algorithm says SHA-256, its outer one SHA-384",
        ["VRF-032"],
        base,
        {"certs.vcek": (made.der(), "tbsCertificate.signature", "ask")},
        flags=flags,
    )


def ca_keys(b: Book) -> None:
    w = world("Genoa", 3)
    base, ask = b.base(w), keys.root("ask", "Genoa")

    def with_key(name: str, defect: str, key: RsaKey, spki: bytes | None = None) -> None:
        made = replace(mint.ask("Genoa", key), spki=spki or key.spki())
        leaf = w.leaf(signer=mint.rsa_signer(key))
        b.refuse(
            name,
            defect,
            ["VRF-107"],
            base,
            {
                "certs.ask": (made.der(), KEY, "ark"),
                "certs.vcek": (leaf.der(), "signatureValue", "forged ASK"),
            },
        )

    with_key("ask-rsa-2048", "The ASK's key is RSA-2048", keys.forged_rsa("rsa-2048"))
    with_key("ask-rsa-3072", "The ASK's key is RSA-3072", keys.forged_rsa("rsa-3072"))
    with_key("ask-exponent-3", "The ASK's exponent is 3", keys.forged_rsa("exponent-3"))
    with_key("ask-exponent-1", "The ASK's exponent is 1: anybody can sign", replace(ask, e=1))
    made = [
        (
            "ask-pss-key",
            "The ASK's key is marked id-RSASSA-PSS",
            _rsa_spki(ask, der.sequence(der.oid(pss.RSA_PSS))),
        ),
        (
            "ask-key-without-null",
            "The ASK's rsaEncryption has no NULL",
            _rsa_spki(ask, der.sequence(der.oid(pss.RSA_ENCRYPTION))),
        ),
        (
            "ask-negative-modulus",
            "The ASK's modulus has no leading zero: as a DER number it is negative",
            _negative(ask),
        ),
        ("ask-key-trailing", "A byte follows the ASK's RSAPublicKey inside its BIT STRING", _trailing(ask)),
    ]
    for name, defect, spki in made:
        b.refuse(
            name,
            defect,
            ["VRF-107"],
            base,
            {"certs.ask": (w.ca(spki=spki).der(), "subjectPublicKeyInfo", "ark")},
        )
    small = keys.forged_rsa("rsa-2048")
    b.refuse(
        "ark-rsa-2048",
        "The ARK, a given root, has an RSA-2048 key",
        ["VRF-107"],
        base,
        new_root(mint.ark("Genoa", small).der(), KEY)
        | {"certs.ask": (mint.ask("Genoa", ark=small).der(), "signatureValue", "ark")},
    )


RSA = der.sequence(der.oid(pss.RSA_ENCRYPTION), der.null())


def _rsa_spki(key: RsaKey, algorithm: bytes) -> bytes:
    return der.sequence(algorithm, der.bits(key.public()))


def _negative(key: RsaKey) -> bytes:
    modulus = der.tlv(der.INTEGER, key.n.to_bytes(512, "big"))
    return der.sequence(RSA, der.bits(der.sequence(modulus, der.integer(key.e))))


def _trailing(key: RsaKey) -> bytes:
    return der.sequence(RSA, der.bits(key.public() + b"\0"))


# SpecifiedECDomain of P-384: SEC 1, C.2; FIPS 186-4, D.1.2.4.
P384_SPELLED_OUT = der.sequence(
    der.integer(1),
    der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(p384.P)),
    der.sequence(der.octets((p384.P - 3).to_bytes(48, "big")), der.octets(p384.B.to_bytes(48, "big"))),
    der.octets(b"\x04" + p384.GX.to_bytes(48, "big") + p384.GY.to_bytes(48, "big")),
    der.integer(p384.N),
    der.integer(1),
)


def leaf_keys(b: Book) -> None:
    w = world("Genoa", 3)
    base = b.base(w)

    def spki(
        name: str,
        defect: str,
        made: bytes,
        key: keys.EcKey | None = None,
        flag: str = "chain-leaf-wrong-curve",
    ) -> None:
        changes = {"certs.vcek": (w.leaf(spki=made).der(), "subjectPublicKeyInfo", "ask")}
        if key:
            report = w.report[:0x2A0] + keys.report_signature(*key.sign(w.report[:0x2A0]))
            changes["report"] = (report, "SIGNATURE", "forged leaf")
        b.refuse(name, defect, ["VRF-036"], base, changes, flags=[flag])

    p256, p521 = keys.forged_ec("p256", "secp256r1"), keys.forged_ec("p521", "secp521r1")
    spki("leaf-p256", "The VCEK's key is on P-256 and signs the report", p256.spki(), p256)
    spki("leaf-p521", "The VCEK's key is on P-521", p521.spki())
    spki("leaf-rsa", "The VCEK's key is an RSA key", keys.forged_rsa("rsa-2048").spki())
    ed25519 = der.sequence(der.sequence(der.oid("1.3.101.112")), der.bits(hashlib.sha256(b"point").digest()))
    spki("leaf-ed25519", "The VCEK's key is an Ed25519 key", ed25519)
    x, y = w.key.point()
    point = b"\x04" + x.to_bytes(48, "big") + y.to_bytes(48, "big")
    off = point[:-1] + bytes([point[-1] ^ 1])
    named = der.sequence(der.oid(keys.EC_PUBLIC_KEY), der.oid(keys.CURVE_OIDS["secp384r1"]))
    spki("leaf-off-curve", "The VCEK's point is not on P-384", der.sequence(named, der.bits(off)))
    spki("leaf-infinity", "The VCEK's point is the point at infinity", der.sequence(named, der.bits(b"\0")))
    spki("leaf-zero-point", "The VCEK's point is (0, 0)", der.sequence(named, der.bits(b"\x04" + bytes(96))))
    spki("leaf-point-short", "The VCEK's point is one byte short", der.sequence(named, der.bits(point[:-1])))
    bare = der.sequence(der.sequence(der.oid(keys.EC_PUBLIC_KEY)), der.bits(point))
    spki("leaf-no-curve", "The VCEK's key names no curve", bare)
    wrong = der.sequence(der.oid(keys.EC_PUBLIC_KEY), der.oid(keys.CURVE_OIDS["secp256r1"]))
    other = keys.forged_ec("brainpool", "brainpoolP384r1")
    defect = "The VCEK's key is on another curve of 384 bits and signs the report"
    spki("leaf-brainpool", defect, other.spki(), other)
    explicit = der.sequence(der.oid(keys.EC_PUBLIC_KEY), P384_SPELLED_OUT)
    spki(
        "leaf-explicit-curve",
        "The VCEK's key has P-384's parameters in place of its name",
        der.sequence(explicit, der.bits(point)),
        flag="chain-leaf-key-form",
    )
    hybrid = der.sequence(named, der.bits(bytes([6 | y & 1]) + point[1:]))
    spki("leaf-hybrid", "The VCEK's point is hybrid", hybrid, flag="chain-leaf-key-form")
    spki(
        "leaf-p384-point-as-p256",
        "The VCEK's P-384 point is said to be on P-256",
        der.sequence(wrong, der.bits(point)),
    )


def add(b: Book) -> None:
    signatures(b)
    schemes(b)
    inner_and_outer(b)
    ca_keys(b)
    leaf_keys(b)
