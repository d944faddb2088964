"""Family message: what the tag protects, and with which key, IV and additional authenticated data."""

from __future__ import annotations

from reference.families._message import GENOA_KNOWN, VMPCK, Cases, header, page, report_req, request
from reference.message import AAD, HEADER, KEY, TAG, Header, iv, le, opened, patched, seal
from reference.single import message


def _tampered_header(c: Cases, base: bytes) -> None:
    """Header bytes changed after sealing, each to a value that its own check lets pass: one class."""
    late = "a header byte from 0x30 on was changed after sealing"
    rows: tuple[tuple[str, str, int, bytes, str], ...] = (
        ("type", "MSG_TYPE", 0x34, b"\x03", "MSG_TYPE was changed from REPORT_REQ to KEY_REQ after sealing"),
        ("version", "MSG_VERSION", 0x35, b"\x02", "MSG_VERSION was changed from 1 to 2 after sealing"),
        ("size-down", "MSG_SIZE", 0x36, b"\x50", "MSG_SIZE was made smaller after sealing"),
        ("size-up", "MSG_SIZE", 0x36, b"\x70", "MSG_SIZE was made larger after sealing"),
        ("vmpck", "MSG_VMPCK", 0x3C, b"\x01", "MSG_VMPCK was changed from 0 to 1 after sealing"),
        ("reserved-38", "reserved 0x38", 0x38, b"\x01", "byte 0x38 was changed after sealing"),
        ("reserved-3d", "reserved 0x3D", 0x3D, b"\x01", "byte 0x3D was changed after sealing"),
        (
            "reserved-5f",
            "reserved 0x3D",
            0x5F,
            b"\x80",
            "byte 0x5F, the last of the AAD, was changed after sealing",
        ),
    )
    for name, field, at, data, title in rows:
        c.forged(
            f"aad-{name}",
            "SNP-MSG-007",
            field,
            late,
            patched(base, {at: data}),
            title=title,
            boundary=f"{field}, byte {at:#x}",
            flags=("msg-aad-range",),
        )
    c.forged(
        "seqno-changed",
        "SNP-MSG-014",
        "IV",
        "MSG_SEQNO was changed from 3 to 1 after sealing: the IV binds it",
        patched(page(seqno=3), {0x20: b"\x01"}),
        signer="vmpck0",
    )


def _tampered_tag(c: Cases, base: bytes) -> None:
    tag = base[:TAG]
    flipped = "a bit of the tag is flipped"
    rows: tuple[tuple[str, dict[int, bytes], str], ...] = (
        ("tag-first", {0: bytes([tag[0] ^ 1])}, flipped),
        ("tag-last", {15: bytes([tag[15] ^ 0x80])}, flipped),
        ("tag-zero", {0: bytes(TAG)}, "the tag is zero"),
        ("tag-upper", {0: bytes(TAG) + tag}, "the tag is in the upper half of AUTHTAG"),
        ("tag-12", {12: bytes(4)}, "the tag is cut to 12 bytes"),
        ("tag-reversed", {0: tag[::-1]}, "the bytes of the tag are in reverse order"),
        ("tag-other", {0: page(vmpck=1)[:TAG]}, "the tag is that of another message"),
    )
    for name, changes, defect in rows:
        boundary = "the last bit" if name == "tag-last" else None
        title = f"{defect}: the {name[4:]} one" if defect == flipped else None
        c.forged(
            name,
            "SNP-MSG-044",
            "AUTHTAG",
            defect,
            patched(base, changes),
            title=title,
            boundary=boundary,
        )


def _tampered_payload(c: Cases, base: bytes) -> None:
    cipher = base[HEADER : HEADER + 0x60]
    flipped = "a bit of the ciphertext is flipped"
    swapped = cipher[16:32] + cipher[:16] + cipher[32:]
    other = seal(VMPCK[0], header(report_req(vmpl=1)), report_req(vmpl=1))
    rows: tuple[tuple[str, dict[int, bytes], str], ...] = (
        ("cipher-first", {HEADER: bytes([cipher[0] ^ 1])}, flipped),
        ("cipher-last", {HEADER + 0x5F: bytes([cipher[-1] ^ 0x80])}, flipped),
        ("cipher-blocks", {HEADER: swapped}, "the first two blocks of the ciphertext are swapped"),
        ("cipher-plain", {HEADER: report_req()}, "the payload is not encrypted"),
        ("cipher-other", {HEADER: other[HEADER : HEADER + 0x60]}, "the ciphertext is another payload's"),
        ("cipher-zero", {HEADER: bytes(0x60)}, "the ciphertext is zero"),
    )
    for name, changes, defect in rows:
        boundary = "the last bit" if name == "cipher-last" else None
        title = f"{defect}: the {name[7:]} one" if defect == flipped else None
        c.forged(
            name,
            "SNP-MSG-044",
            "PAYLOAD",
            defect,
            patched(base, changes),
            title=title,
            boundary=boundary,
        )


def _sealed_otherwise(c: Cases) -> None:
    """Consistent messages of a sender that got IV, AAD or key wrong."""
    payload = report_req()
    head = header(payload)
    plain = head.encode()
    ivs: tuple[tuple[str, bytes, str], ...] = (
        ("big-endian", bytes(7) + b"\x01" + bytes(4), "the IV holds MSG_SEQNO in big-endian order"),
        ("zeros-first", bytes(4) + le(1, 8), "the IV has its 4 zero bytes first"),
        ("big-endian-96", bytes(11) + b"\x01", "the IV is MSG_SEQNO as a 96-bit big-endian number"),
        ("ones", le(1, 8) + b"\xff" * 4, "the IV's last 4 bytes are not zero"),
        ("previous", iv(0), "the IV is that of MSG_SEQNO - 1"),
        ("next", iv(2), "the IV is that of MSG_SEQNO + 1, the response's"),
        ("sixteen", le(1, 8) + bytes(8), "the IV has 16 bytes"),
    )
    for name, nonce, defect in ivs:
        data = seal(VMPCK[0], head, payload, nonce=nonce)
        c.forged(f"iv-{name}", "SNP-MSG-014", "IV", defect, data, signer="vmpck0", flags=("msg-iv",))
    aads: tuple[tuple[str, bytes, str], ...] = (
        ("short", plain[0x30:0x5F], "the AAD ends one byte early"),
        ("early", plain[0x2F:0x60], "the AAD begins one byte early"),
        ("seqno", plain[0x20:0x60], "the AAD begins with MSG_SEQNO"),
        ("whole", plain, "the AAD is the whole header, AUTHTAG zero"),
        ("late", plain[0x31:0x60], "the AAD leaves ALGO out"),
        ("none", b"", "there is no AAD"),
    )
    for name, aad, defect in aads:
        data = seal(VMPCK[0], head, payload, aad=aad)
        c.forged(f"aad-{name}", "SNP-MSG-007", "AAD", defect, data, signer="vmpck0", flags=("msg-aad-range",))
    keys: tuple[tuple[str, bytes, str], ...] = (
        ("other", VMPCK[1], "sealed with VMPCK1, MSG_VMPCK is 0"),
        ("zero", bytes(32), "sealed with a key of zeros"),
        ("reversed", VMPCK[0][::-1], "sealed with VMPCK0 in reverse byte order"),
        ("half", VMPCK[0][:16], "sealed with AES-128-GCM under the first half of VMPCK0"),
    )
    for name, key, defect in keys:
        signer = {VMPCK[1]: "vmpck1"}.get(key, "another key")
        c.forged(
            f"key-{name}", "SNP-MSG-013", "KEY", defect, page(key=key), signer=signer, flags=("msg-key",)
        )
    c.forged(
        "key-last",
        "SNP-MSG-013",
        "KEY",
        "sealed with VMPCK2, MSG_VMPCK is 3",
        page(report_req(vmpl=3), key=VMPCK[2], vmpck=3),
        signer="vmpck2",
        twin="report-vmpck3",
        flags=("msg-key",),
    )


def _tolerated(c: Cases, base: bytes) -> None:
    """What firmware 1.55.25 lets pass, and the switch for firmware that does not."""
    for name, title, requirement, data in (
        (
            "authtag-upper",
            "The upper half of AUTHTAG is not zero",
            "SNP-MSG-008",
            patched(base, {0x1F: b"\xff"}),
        ),
        ("reserved-28", "A byte of 0x28 to 0x2F is not zero", "SNP-MSG-008", patched(base, {0x28: b"\x01"})),
        ("sealed-38", "Byte 0x38 is not zero, authentic", "SNP-MSG-009", page(reserved_38=b"\x01\0\0\0")),
        (
            "sealed-5f",
            "Byte 0x5F is not zero, authentic",
            "SNP-MSG-009",
            page(reserved_3d=bytes(34) + b"\x01"),
        ),
    ):
        c.good(f"known-{name}", f"{title}: 1.55.25 answers", requirement, "aead", data, profile=GENOA_KNOWN)
    switched: tuple[tuple[str, str, bytes], ...] = (
        ("authtag-10", "Byte 0x10, the first behind the tag, is not zero", patched(base, {0x10: b"\x01"})),
        ("authtag-1f", "Byte 0x1F, the last of AUTHTAG, is not zero", patched(base, {0x1F: b"\x80"})),
        ("reserved-28", "Byte 0x28, the first behind MSG_SEQNO, is not zero", patched(base, {0x28: b"\x01"})),
        ("reserved-2f", "Byte 0x2F is not zero", patched(base, {0x2F: b"\x80"})),
        ("reserved-38", "Byte 0x38 is not zero, authentic", page(reserved_38=b"\x01\0\0\0")),
        ("reserved-3b", "Byte 0x3B is not zero, authentic", page(reserved_38=b"\0\0\0\x80")),
        ("reserved-3d", "Byte 0x3D is not zero, authentic", page(reserved_3d=b"\x01" + bytes(34))),
        ("reserved-40", "Byte 0x40 is not zero, authentic", page(reserved_3d=bytes(3) + b"\x01" + bytes(31))),
        ("reserved-5f", "Byte 0x5F is not zero, authentic", page(reserved_3d=bytes(34) + b"\x80")),
    )
    for name, title, data in switched:
        at = int(name[-2:], 16)
        field = next(f for f, (start, size) in message.FIELDS.items() if start <= at < start + size)
        c.family.policy(
            f"mbz-{name}",
            title,
            ("SNP-MSG-010",),
            "header",
            request(data),
            status="INVALID_PARAM",
            accept={"enforce_header_mbz": False},
            refuse={"enforce_header_mbz": True},
            twin="report",
            defect="a reserved byte of the header is not zero",
            boundary=f"byte {title[5:9]}",
            changes=[("page", field, "vmpck0" if "authentic" in title else None)],
        )


def add(c: Cases) -> None:
    """All of it."""
    base = page()
    assert opened(VMPCK[0], base) == report_req() and Header.decode(base).type != KEY
    assert base[AAD] == header(report_req()).encode()[AAD]
    _tampered_header(c, base)
    _tampered_tag(c, base)
    _tampered_payload(c, base)
    _sealed_otherwise(c)
    _tolerated(c, base)
