"""Cases of the family policy about bits: POLICY, PLATFORM_INFO, both together, and KEY_INFO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.families._bases import question
from reference.families._book import Book, Change
from reference.world import World, world

SMT, ONE, MIGRATE_MA, DEBUG, SINGLE_SOCKET = (1 << bit for bit in (16, 17, 18, 19, 20))
PLAIN = ONE | SMT


def report(w: World, **values: int | bytes) -> dict[str, Change]:
    return {"report": (w.puts(values), ", ".join(values), w.kind)}


def rules(**members: Any) -> dict[str, Change]:
    return {f"policy.{name}": (value, "", None) for name, value in members.items()}


def under(b: Book, w: World, name: str, title: str, requirement: str, of: str = "", **members: Any) -> str:
    """A valid case: the base of W, or OF, under a policy with MEMBERS."""
    return b.vary(name, title, [requirement], of or b.base(w), rules(**members))


def both(
    b: Book,
    w: World,
    name: str,
    requirement: str,
    fields: Mapping[str, int | bytes],
    *,
    title: str,
    defect: str,
    member: str,
    allowed: bool = True,
    twin: str = "",
    flags: tuple[str, ...] = (),
) -> None:
    """A choice of the policy's: decided both ways, and refused beside a twin that has not FIELDS (TWIN, or a
    new one)."""
    question(
        b,
        f"{name}-decided",
        defect,
        [requirement],
        b.base(w),
        report(w, **fields),
        title=title,
        accept={member: allowed},
        refuse={member: not allowed},
        boundary=title,
        flags=flags,
    )
    if not twin:
        text = f"A report that keeps to {member} of {str(not allowed).lower()}"
        twin = b.vary(f"{name}-absent", text, [requirement], b.base(w), rules(**{member: not allowed}))
    b.refuse(name, defect, [requirement], twin, report(w, **fields), title=title, boundary=title, flags=flags)


def _guest_policy(b: Book) -> None:
    w = world("Genoa", 5)
    on = world("Genoa", 3)
    both(
        b,
        w,
        "debug",
        "VRF-073",
        {"POLICY": PLAIN | DEBUG},
        title="POLICY has DEBUG",
        defect="POLICY has DEBUG",
        member="allow_debug",
        flags=("policy-debug-ignored", "2-04", "2-17"),
    )
    both(
        b,
        w,
        "migrate-ma",
        "VRF-074",
        {"POLICY": PLAIN | MIGRATE_MA},
        title="POLICY has MIGRATE_MA",
        defect="POLICY has MIGRATE_MA",
        member="allow_migration_agent",
        flags=("policy-migrate-ma",),
    )
    # SMT is in every base, so the twin is the one that lacks it, on a platform whose SMT is off.
    off = b.vary(
        "smt-off",
        "POLICY without SMT where SMT is off, and a policy that does not allow SMT",
        ["VRF-075"],
        b.base(w),
        report(w, POLICY=ONE, PLATFORM_INFO=0x24) | rules(allow_smt=False),
        flags=["policy-smt"],
    )
    b.refuse(
        "smt",
        "POLICY has SMT, which the policy does not allow",
        ["VRF-075"],
        off,
        report(w, POLICY=PLAIN, PLATFORM_INFO=0x24),
        flags=["policy-smt"],
    )
    b.decide(
        "smt-decided",
        "POLICY has SMT, and SMT is off",
        ["VRF-075"],
        b.base(on),
        report(on, PLATFORM_INFO=0x26),
        stage="policy",
        accept={"allow_smt": True},
        refuse={"allow_smt": False},
        flags=["policy-smt"],
    )
    single = b.vary(
        "single-socket",
        "POLICY has SINGLE_SOCKET, which the policy demands",
        ["VRF-076"],
        b.base(w),
        report(w, POLICY=PLAIN | SINGLE_SOCKET) | rules(require_single_socket=True),
    )
    b.refuse(
        "single-socket-absent",
        "POLICY lacks SINGLE_SOCKET, which the policy demands",
        ["VRF-076"],
        single,
        report(w, POLICY=PLAIN),
        flags=["policy-single-socket-xts-rapl"],
    )
    b.vary(
        "single-socket-free",
        "POLICY has SINGLE_SOCKET, which nobody demands",
        ["VRF-076"],
        b.base(w),
        report(w, POLICY=PLAIN | SINGLE_SOCKET),
    )


# Name, bit, PLATFORM_INFO that goes with it.
NAMED = (
    ("CXL_ALLOW", 21, 0x25),
    ("MEM_AES_256_XTS", 22, 0x25),
    ("RAPL_DIS", 23, 0x2D),
    ("CIPHERTEXT_HIDING_DRAM", 24, 0x35),
    ("PAGE_SWAP_DISABLE", 25, 0x25),
)


def _newer_bits(b: Book) -> None:
    for name, bit, platform in NAMED:
        w = world("Genoa", 3)
        b.vary(
            f"bit-{bit}",
            f"POLICY bit {bit}, {name}, is known in every report version",
            ["VRF-077"],
            b.base(w),
            report(w, POLICY=PLAIN | 1 << bit, PLATFORM_INFO=platform),
            flags=["policy-single-socket-xts-rapl", "fwd-policy-bit-without-version"],
        )
    old = world("Milan", 2)
    b.vary(
        "bit-25-v2",
        "POLICY bit 25 in version 2",
        ["VRF-077"],
        b.base(old),
        report(old, POLICY=PLAIN | 1 << 25),
        flags=["fwd-policy-bit-without-version"],
    )
    w = world("Genoa", 5)
    for bit in (26, 63):
        both(
            b,
            w,
            f"policy-bit-{bit}",
            "VRF-077",
            {"POLICY": PLAIN | 1 << bit},
            title=f"POLICY has bit {bit}, which has no name",
            defect="POLICY has a bit without a name",
            member="allow_unknown_policy",
            twin="policy-bit-26-absent" if bit == 63 else "",
            flags=("policy-reserved-high-bits",),
        )
    for bit in (8, 63):
        both(
            b,
            w,
            f"platform-bit-{bit}",
            "VRF-078",
            {"PLATFORM_INFO": 0x25 | 1 << bit},
            title=f"PLATFORM_INFO has bit {bit}, which has no name",
            defect="PLATFORM_INFO has a bit without a name",
            member="allow_unknown_platform",
            twin="platform-bit-8-absent" if bit == 63 else "",
            flags=("policy-platinfo-reserved",),
        )
    for bit, text in ((6, "as genuine Turin firmware has it"), (7, "TIO_EN")):
        b.vary(
            f"platform-bit-{bit}",
            f"PLATFORM_INFO bit {bit}, {text}, is not unknown",
            ["VRF-078"],
            b.base(w),
            report(w, PLATFORM_INFO=0x25 | 1 << bit),
            flags=["policy-platinfo-reserved", "2-20a"],
        )


def _combinations(b: Book) -> None:
    """POLICY and PLATFORM_INFO together: what firmware runs, and what none does."""
    w = world("Genoa", 5)
    rows = (
        ("smt", "SMT", "VRF-116", ONE, 0x25, 0x24, "policy-smt"),
        (
            "hiding",
            "CIPHERTEXT_HIDING_DRAM",
            "VRF-117",
            PLAIN | 1 << 24,
            0x25,
            0x35,
            "policy-ciphertext-hiding",
        ),
        ("rapl", "RAPL_DIS", "VRF-118", PLAIN | 1 << 23, 0x25, 0x2D, "policy-single-socket-xts-rapl"),
    )
    says = {
        "smt": ("POLICY forbids SMT and it is off", "POLICY forbids SMT, and PLATFORM_INFO has SMT_EN"),
        "hiding": (
            "POLICY demands ciphertext hiding and it is on",
            "POLICY demands ciphertext hiding, and PLATFORM_INFO lacks it",
        ),
        "rapl": (
            "POLICY demands that RAPL is off and it is",
            "POLICY demands that RAPL is off, and PLATFORM_INFO lacks that",
        ),
    }
    for name, _, requirement, guest, bad, good, flag in rows:
        fine, defect = says[name]
        twin = b.vary(
            f"{name}-runs", fine, [requirement], b.base(w), report(w, POLICY=guest, PLATFORM_INFO=good)
        )
        b.refuse(
            f"{name}-impossible",
            defect,
            [requirement],
            twin,
            report(w, POLICY=guest, PLATFORM_INFO=bad),
            flags=[flag],
        )
    for name, requirement, fields, text in (
        ("smt-allowed-off", "VRF-116", {"PLATFORM_INFO": 0x24}, "POLICY allows SMT, and it is off"),
        (
            "hiding-free",
            "VRF-117",
            {"PLATFORM_INFO": 0x35},
            "Ciphertext hiding is on, though POLICY does not demand it",
        ),
        ("rapl-free", "VRF-118", {"PLATFORM_INFO": 0x2D}, "RAPL is off, though POLICY does not demand it"),
    ):
        b.vary(
            name,
            text,
            [requirement],
            b.base(w),
            report(w, **fields),
            flags=["policy-smt"] if "smt" in name else [],
        )


BITS = (
    "SMT_EN",
    "TSME_EN",
    "ECC_EN",
    "RAPL_DIS",
    "CIPHERTEXT_HIDING_DRAM_EN",
    "ALIAS_CHECK_COMPLETE",
    "",
    "TIO_EN",
)


def _platform(b: Book) -> None:
    w = world("Genoa", 5)
    every = 0xBF
    lacks, has = "PLATFORM_INFO lacks a bit that is required", "PLATFORM_INFO has a bit that is forbidden"
    required = b.vary(
        "required-all",
        "Every bit with a name is required and set",
        ["VRF-081"],
        b.base(w),
        report(w, PLATFORM_INFO=every) | rules(platform_required=every),
    )
    forbidden = b.vary(
        "forbidden-none",
        "SMT_EN, TSME_EN, RAPL_DIS and TIO_EN are forbidden and not set",
        ["VRF-082"],
        b.base(w),
        report(w, PLATFORM_INFO=0x24) | rules(platform_forbidden="0x8b"),
    )
    for bit, text in enumerate(BITS):
        if not text:
            continue
        word = text.lower().replace("_", "-")
        b.refuse(
            f"required-{word}-absent",
            lacks,
            ["VRF-081"],
            required,
            report(w, PLATFORM_INFO=every & ~(1 << bit)),
            title=f"{text} is required and not set",
            boundary=f"the bit {text}",
            flags=["2-24"] + (["policy-alias-check"] if bit == 5 else []),
        )
        if bit not in (0, 1, 3, 7):
            continue
        b.refuse(
            f"forbidden-{word}-set",
            has,
            ["VRF-082"],
            forbidden,
            report(w, PLATFORM_INFO=0x24 | 1 << bit),
            title=f"{text} is forbidden and set",
            boundary=f"the bit {text}",
            flags=["2-24"],
        )
    question(
        b,
        "alias-check-decided",
        "ALIAS_CHECK_COMPLETE is not set",
        ["VRF-081"],
        b.base(w),
        report(w, PLATFORM_INFO=0x05),
        accept={},
        refuse={"platform_required": 0x20},
        flags=["policy-alias-check"],
    )
    several = under(
        b,
        w,
        "required-several",
        "Several bits are required, as text, and set",
        "VRF-081",
        platform_required="0x25",
    )
    b.refuse(
        "required-one-of-several",
        lacks,
        ["VRF-081"],
        several,
        report(w, PLATFORM_INFO=0x21),
        title="One of several required bits is not set",
        boundary="the bits are stated as text",
        flags=["2-24"],
    )
    wide = b.vary(
        "required-bit-40",
        "A bit without a name is required, allowed and set",
        ["VRF-081"],
        b.base(w),
        report(w, PLATFORM_INFO=0x25 | 1 << 40)
        | rules(platform_required="0x10000000000", allow_unknown_platform=True),
    )
    b.refuse(
        "required-bit-40-absent",
        lacks,
        ["VRF-081"],
        wide,
        report(w, PLATFORM_INFO=0x25),
        title="Bit 40 is required and not set",
        boundary="a bit without a name",
    )
    b.vary(
        "required-none",
        "No bit is required: the number 0",
        ["VRF-081"],
        b.base(w),
        rules(platform_required=0),
    )
    b.vary(
        "unmentioned",
        "TIO_EN is set and not mentioned by the policy",
        ["VRF-082"],
        b.base(w),
        report(w, PLATFORM_INFO=0xA5) | rules(platform_required=0x20, platform_forbidden=0x08),
        flags=["2-24"],
    )
    _beside_a_platform_policy(b)


def _beside_a_platform_policy(b: Book) -> None:
    """Bits that a verifier knows only where it is asked about PLATFORM_INFO at all."""
    w, turin = world("Genoa", 5), world("Turin", 5)
    rows: tuple[tuple[str, World, str, int, dict[str, Any], str], ...] = (
        (
            "bit-6-turin",
            turin,
            "Bit 6, as genuine Turin firmware has it, where another bit is required",
            0x65,
            {"platform_required": 0x20},
            "VRF-081",
        ),
        (
            "bit-6-required",
            w,
            "Bit 6 beside RAPL_DIS, where another bit is required",
            0x6D,
            {"platform_required": 0x20},
            "VRF-081",
        ),
        (
            "bit-6-forbidden",
            w,
            "Bit 6, where another bit is forbidden",
            0x65,
            {"platform_forbidden": 0x08},
            "VRF-082",
        ),
        (
            "bit-8",
            w,
            "A bit without a name, which is allowed, where another bit is required",
            0x125,
            {"platform_required": 0x20, "allow_unknown_platform": True},
            "VRF-081",
        ),
    )
    for name, of, title, info, members, requirement in rows:
        b.vary(
            f"unmentioned-{name}",
            title,
            [requirement, "VRF-078"],
            b.base(of),
            report(of, PLATFORM_INFO=info) | rules(**members),
            flags=["policy-platinfo-reserved"] + (["2-20a"] if "bit-6" in name else []),
        )


def _key_info(b: Book) -> None:
    both(
        b,
        world("Genoa", 3),
        "mask-chip-key",
        "VRF-125",
        {"KEY_INFO": 2},
        title="MASK_CHIP_KEY is set, and the VCEK's signature is good",
        defect="MASK_CHIP_KEY is set, and the VCEK's signature is good",
        member="allow_mask_chip_key",
        flags=("sig-mask-chip-key-but-signed",),
    )


def add(b: Book) -> None:
    _guest_policy(b)
    _newer_bits(b)
    _combinations(b)
    _platform(b)
    _key_info(b)
