"""Cases of the family policy about values that the policy states: digests, ids, the CSP, the product line."""

from __future__ import annotations

from reference.families._bases import other_report, question
from reference.families._book import Book
from reference.families._policy_bits import MIGRATE_MA, PLAIN, report, rules, under
from reference.world import CSP, FIELDS, World, steps, world

# Member of the policy, requirement, flags of a mismatch.
STATED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("report_data", "VRF-087", ("fresh-replayed-report", "bind-report-data-not-fatal", "2-01")),
    ("measurement", "VRF-088", ("bind-measurement-truncated",)),
    ("host_data", "VRF-089", ("bind-host-data-unchecked",)),
    ("family_id", "VRF-090", ()),
    ("image_id", "VRF-091", ()),
    ("report_id", "VRF-092", ()),
    ("report_id_ma", "VRF-093", ("bind-report-id-ma",)),
    ("chip_id", "VRF-094", ()),
    ("id_key_digest", "VRF-095", ("policy-id-block-anonymous",)),
    ("author_key_digest", "VRF-096", ("policy-author-key-required",)),
)
AUTHOR = steps(0x40, 48)


def flipped(value: bytes, at: int) -> str:
    """VALUE with its byte AT changed, in hex."""
    at %= len(value)
    return (value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]).hex()


def with_author(b: Book, w: World) -> str:
    """W's report with an author key."""
    name = f"author-{w.product.lower()}-v{w.version}"
    if name not in b.inputs:
        change = report(w, KEY_INFO=1, AUTHOR_KEY_DIGEST=AUTHOR)
        b.vary(name, "A report with an author key", ["VRF-096"], b.base(w), change)
    return name


def _fields(b: Book) -> None:
    w = world("Genoa", 5)
    for member, requirement, flags in STATED:
        word, field = member.replace("_", "-"), member.upper()
        of = with_author(b, w) if member == "author_key_digest" else b.base(w)
        start, size = FIELDS[field]
        value = b.inputs[of]["report"][start : start + size]
        twin = under(
            b, w, f"{word}-equal", f"{field} is the policy's", requirement, of=of, **{member: value.hex()}
        )
        for where, at in (("first", 0), ("last", size - 1)):
            b.refuse(
                f"{word}-{where}",
                f"{field} is not the policy's",
                [requirement],
                twin,
                {f"policy.{member}": (flipped(value, at), "", None)},
                title=f"{field} is not the policy's in its {where} byte",
                boundary=f"the {where} byte",
                flags=flags,
            )
    value = w.report[0x50:0x90]
    b.vary(
        "upper-case",
        "Hex digits may be capitals",
        ["VRF-087"],
        b.base(w),
        rules(report_data=value.hex().upper()),
    )


def _report_data(b: Book) -> None:
    w = world("Genoa", 5)
    digest = steps(0x80, 32)
    padded = b.vary(
        "padded-digest",
        "REPORT_DATA is a digest of 32 bytes and zeros, as the policy says",
        ["VRF-087"],
        b.base(w),
        report(w, REPORT_DATA=digest + bytes(32)) | rules(report_data=(digest + bytes(32)).hex()),
    )
    b.refuse(
        "padded-digest-filled",
        "REPORT_DATA has a byte behind the digest of 32 bytes that the policy states",
        ["VRF-087"],
        padded,
        report(w, REPORT_DATA=digest + bytes(31) + b"\x01"),
        flags=["bind-report-data-prefix"],
    )
    b.refuse(
        "no-nonce",
        "REPORT_DATA is zero where the policy states a nonce",
        ["VRF-087"],
        "report-data-equal",
        report(w, REPORT_DATA=bytes(64)),
        flags=["fresh-zero-report-data", "fresh-replayed-report"],
    )
    b.refuse(
        "nonce-reversed",
        "REPORT_DATA is the nonce in the other byte order",
        ["VRF-087"],
        "report-data-equal",
        report(w, REPORT_DATA=w.report[0x50:0x90][::-1]),
    )
    zero = b.vary(
        "zero-stated",
        "REPORT_DATA is zero, and the policy says so",
        ["VRF-087"],
        b.base(w),
        report(w, REPORT_DATA=bytes(64)) | rules(report_data="00" * 64),
        flags=["fresh-zero-report-data"],
    )
    b.refuse(
        "zero-stated-other",
        "REPORT_DATA is not zero where the policy states zero",
        ["VRF-087"],
        zero,
        report(w, REPORT_DATA=bytes(63) + b"\x01"),
        flags=["fresh-zero-report-data"],
    )
    for name, at, text in (("byte-10", 10, "10 bytes"), ("byte-32", 32, "32 bytes")):
        new = bytearray(w.report[0x90:0xC0])
        new[at] ^= 1
        b.refuse(
            f"measurement-{name}",
            "MEASUREMENT is the policy's in its first bytes only",
            ["VRF-088"],
            "measurement-equal",
            report(w, MEASUREMENT=bytes(new)),
            title=f"MEASUREMENT is the policy's in its first {text} only",
            boundary=text,
            flags=["bind-measurement-truncated", "2-18"],
        )
    agent: dict[str, int | bytes] = {"POLICY": PLAIN | MIGRATE_MA, "REPORT_ID_MA": steps(0x11, 32)}
    b.vary(
        "report-id-ma-stated",
        "A report with a migration agent, whose REPORT_ID the policy states",
        ["VRF-093"],
        b.base(w),
        report(w, **agent) | rules(report_id_ma=steps(0x11, 32).hex()),
        flags=["bind-report-id-ma", "2-33"],
    )
    none = b.vary(
        "report-id-ma-none",
        "A migration agent is allowed, by POLICY and by the policy file, and the guest has none",
        ["VRF-074"],
        b.base(w),
        report(w, POLICY=PLAIN | MIGRATE_MA) | rules(allow_migration_agent=True),
    )
    question(
        b,
        "report-id-ma-decided",
        "REPORT_ID_MA is not all ones: the guest has a migration agent",
        ["VRF-093"],
        none,
        {"report": (w.puts(agent), "REPORT_ID_MA", "vcek")},
        accept={},
        refuse={"report_id_ma": "ff" * 32},
        flags=["bind-report-id-ma", "2-33"],
    )


def _keys(b: Book) -> None:
    w = world("Genoa", 5)
    authored = "author-key-digest-equal"
    b.refuse(
        "author-not-enabled",
        "AUTHOR_KEY_DIGEST is the policy's, but AUTHOR_KEY_EN is 0",
        ["VRF-096"],
        authored,
        report(w, KEY_INFO=0, AUTHOR_KEY_DIGEST=AUTHOR),
        flags=["bind-idkey-digest-not-flag"],
    )
    b.refuse(
        "author-absent",
        "No author key where the policy states one",
        ["VRF-096"],
        authored,
        report(w, KEY_INFO=0, AUTHOR_KEY_DIGEST=bytes(48)),
        flags=["policy-author-key-required"],
    )
    zero = b.vary(
        "author-zero",
        "AUTHOR_KEY_EN is 1, and the policy states a digest of zeros, as the report has it",
        ["VRF-096"],
        b.base(w),
        report(w, KEY_INFO=1, AUTHOR_KEY_DIGEST=bytes(48)) | rules(author_key_digest="00" * 48),
    )
    b.refuse(
        "author-zero-not-enabled",
        "The policy states a digest of zeros, the report has no author key",
        ["VRF-096"],
        zero,
        report(w, KEY_INFO=0, AUTHOR_KEY_DIGEST=bytes(48)),
        flags=["bind-idkey-digest-not-flag"],
    )
    both = under(
        b,
        w,
        "id-and-author",
        "ID key and author key are the policy's",
        "VRF-096",
        of=with_author(b, w),
        id_key_digest=steps(0xD0, 48).hex(),
        author_key_digest=AUTHOR.hex(),
    )
    b.refuse(
        "author-by-id",
        "The ID key is the policy's, the author key is another",
        ["VRF-096"],
        both,
        report(w, KEY_INFO=1, AUTHOR_KEY_DIGEST=flipped_bytes(AUTHOR)),
        flags=["policy-author-key-required"],
    )
    b.refuse(
        "id-by-author",
        "The author key is the policy's, the ID key is another",
        ["VRF-095"],
        both,
        report(w, KEY_INFO=1, AUTHOR_KEY_DIGEST=AUTHOR, ID_KEY_DIGEST=bytes(48)),
        flags=["policy-id-block-anonymous"],
    )


def flipped_bytes(value: bytes) -> bytes:
    return bytes.fromhex(flipped(value, 0))


def _chips(b: Book) -> None:
    turin = world("Turin", 5)
    twin = under(
        b,
        turin,
        "chip-id-turin",
        "A Turin's CHIP_ID is stated with its 56 zeros",
        "VRF-094",
        chip_id=turin.hwid.ljust(64, b"\0").hex(),
    )
    b.refuse(
        "chip-id-turin-other",
        "A Turin's CHIP_ID is not the policy's in its eighth byte",
        ["VRF-094"],
        twin,
        {"policy.chip_id": (flipped(turin.hwid.ljust(64, b"\0"), 7), "", None)},
    )
    w = world("Genoa", 5)
    b.refuse(
        "chip-id-masked",
        "CHIP_ID is masked where the policy states one",
        ["VRF-094"],
        "chip-id-equal",
        report(w, CHIP_ID=bytes(64)),
        flags=["bind-chip-id-masked"],
    )


def _csp(b: Book) -> None:
    vlek = world("Milan", 3, "vlek")
    twin = under(b, vlek, "csp", "The VLEK's cspID is the policy's", "VRF-097", csp_id=CSP)
    for name, text, other in (
        ("other", "another provider's", "CN=other-csp.example"),
        ("shorter", "the cspID without its last character", CSP[:-1]),
        ("longer", "the cspID and one character", CSP + "x"),
        ("no-cn", "the cspID without CN=", CSP.removeprefix("CN=")),
        ("case", "the cspID in capitals", CSP.upper()),
    ):
        b.refuse(
            f"csp-{name}",
            "The policy's csp_id is another",
            ["VRF-097"],
            twin,
            rules(csp_id=other),
            title=f"The policy's csp_id is {text}",
            boundary=text,
            flags=["signer-vlek-csp-id-ignored"],
        )
    b.decide(
        "csp-decided",
        "A report under a VLEK: refused where the policy states another provider",
        ["VRF-097"],
        b.base(vlek),
        {"report": (other_report(vlek), "REPORT_DATA", "vlek")},
        stage="policy",
        accept={"csp_id": CSP},
        refuse={"csp_id": "CN=other-csp.example"},
        flags=["signer-vlek-csp-id-ignored"],
    )
    w = world("Milan", 3)
    none = under(b, w, "no-csp", "No csp_id is stated, under a VCEK", "VRF-097", product="Milan")
    b.refuse(
        "csp-vcek",
        "A csp_id is stated, and the leaf is a VCEK",
        ["VRF-097"],
        none,
        rules(csp_id=CSP),
        flags=["signer-vlek-csp-id-ignored"],
    )


def _products(b: Book) -> None:
    for line, version, other in (("Milan", 2, "Genoa"), ("Genoa", 5, "Milan"), ("Turin", 5, "Genoa")):
        w = world(line, version)
        twin = under(
            b,
            w,
            f"product-{line.lower()}",
            f"The policy's product is {line}, as the report's",
            "VRF-098",
            product=line,
        )
        b.refuse(
            f"product-not-{line.lower()}",
            "The policy's product is another than the report's",
            ["VRF-098"],
            twin,
            rules(product=other),
            title=f"The policy's product is {other}, the report's {line}",
        )


def _revocation(b: Book) -> None:
    w = world("Genoa", 5)
    listed = b.base(w, crl=True)
    required = b.vary(
        "crl-required",
        "The policy requires a CRL, and there is one",
        ["VRF-119"],
        listed,
        rules(require_revocation=True),
        layer="revocation",
    )
    b.refuse(
        "crl-absent",
        "The policy requires a CRL, and there is none",
        ["VRF-119"],
        required,
        {"crl": (None, "", None)},
        stage="revocation",
        layer="revocation",
        flags=["crl-absent-fail-open"],
    )


def add(b: Book) -> None:
    _fields(b)
    _report_data(b)
    _keys(b)
    _chips(b)
    _csp(b)
    _products(b)
    _revocation(b)
